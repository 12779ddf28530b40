import { median, percentile } from "../../support/statistics.ts";
import { type Sink, startSink } from "../load/sink.ts";
import { percentileLines } from "../report/percentile-lines.ts";
import type { Chart, Figure, Measured, Section } from "../section.ts";
import { HEALTHY, LOAD, type Round, startFairness } from "./fairness/rounds.ts";

type Part = "latencies" | "latenciesOnceKnown";

const ALONE = "nobody else";
const BESIDE = "beside the three";
/**
 * Whether there are the three that misbehave, round by round: what else the machine does meanwhile, and what grows as
 * the run goes on, meets both in the same way. An odd number of each has a median.
 */
const ROUNDS = [false, true, true, false, false, true, true, false, false, true];
const GOAL = { name: "p99, ratio", atMost: 1.2 };

async function measureRounds(sink: Sink): Promise<Round[]> {
  const fairness = await startFairness(sink);
  try {
    // The first failures, too, compile the code that the others run.
    await fairness.run("warm-up", true);
    const rounds: Round[] = [];
    for (const [index, isBeside] of ROUNDS.entries()) rounds.push(await fairness.run(`${index}`, isBeside));
    return rounds;
  } finally {
    await fairness.stop();
  }
}

/** Of each round of a kind, the latency at a percentile. */
const byRound = (rounds: readonly Round[], isBeside: boolean, part: Part, share: number): number[] =>
  rounds.filter((round) => round.isBeside === isBeside).map((round) => percentile(round[part], share));

function toFigures(rounds: readonly Round[], part: Part, share: number, name: string): Figure[] {
  const alone = median(byRound(rounds, false, part, share));
  const beside = median(byRound(rounds, true, part, share));
  const ratio = `${name}, ratio`;
  return [
    { name: `${name}, ${ALONE}`, value: alone, unit: "ms" },
    { name: `${name}, ${BESIDE}`, value: beside, unit: "ms" },
    {
      ...{ name: ratio, value: beside / alone, unit: "×" },
      ...(ratio === GOAL.name && { goal: { atMost: GOAL.atMost } }),
    },
  ];
}

function toMeasured(rounds: readonly Round[]): Measured {
  const all = (isBeside: boolean) =>
    rounds.filter((round) => round.isBeside === isBeside).flatMap(({ latencies }) => latencies);
  const alone = byRound(rounds, false, "latencies", 0.99);
  const samples = { [ALONE]: all(false), [BESIDE]: all(true) };
  return {
    figures: [
      ...toFigures(rounds, "latencies", 0.5, "p50"),
      ...toFigures(rounds, "latencies", 0.99, "p99"),
      ...toFigures(rounds, "latenciesOnceKnown", 0.99, "p99 once known"),
      {
        ...{ name: `p99, ${ALONE}, largest round to smallest`, unit: "×" },
        value: Math.max(...alone) / Math.min(...alone),
      },
      { name: "deliveries timed", value: rounds.flatMap(({ latencies }) => latencies).length, unit: "" },
    ],
    samples,
  };
}

async function measure(): Promise<Measured> {
  const sink = await startSink();
  try {
    return toMeasured(await measureRounds(sink));
  } finally {
    await sink.stop();
  }
}

export const fairness: Section = {
  name: "fairness",
  title: "Fairness: the others' latency while one endpoint hangs, one answers after 9 s, and one fails",
  runs: 3,
  measure,
  charts: (_, samples): Chart[] => [
    {
      name: "fairness",
      title: `From the 202 to ${HEALTHY} healthy endpoints, at ${LOAD.perSecond} events/s`,
      ...percentileLines(samples),
    },
  ],
};
