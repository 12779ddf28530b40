import { median, percentile } from "../../support/statistics.ts";
import { type Sink, startSink } from "../load/sink.ts";
import { percentileLines } from "../report/percentile-lines.ts";
import type { Chart, Figure, Measured, Section } from "../section.ts";
import { type Beside, HEALTHY, LOAD, type Round, startFairness } from "./fairness/rounds.ts";

type Part = "latencies" | "latenciesOnceKnown";

/**
 * Who is beside, round by round: what else the machine does meanwhile, and what grows as the run goes on, meets all in
 * the same way. An odd number of each has a median.
 */
const BESIDES: readonly Beside[] = ["nobody", "three healthy", "three bad"];
const ROUNDS_OF_EACH = 5;
const rounds = Array.from({ length: ROUNDS_OF_EACH }, (_, index) =>
  index % 2 === 0 ? BESIDES : BESIDES.toReversed(),
).flat();
const GOAL = { name: "p99, three bad to nobody", atMost: 1.2 };

async function measureRounds(sink: Sink): Promise<Round[]> {
  const fairness = await startFairness(sink);
  try {
    // The first failures, too, compile the code that the others run.
    await fairness.run("warm-up", "three bad");
    const measured: Round[] = [];
    for (const [index, beside] of rounds.entries()) measured.push(await fairness.run(`${index}`, beside));
    return measured;
  } finally {
    await fairness.stop();
  }
}

/** Of each round of a kind, the latency at a percentile. */
const byRound = (measured: readonly Round[], beside: Beside, part: Part, share: number): number[] =>
  measured.filter((round) => round.beside === beside).map((round) => percentile(round[part], share));

function toFigures(measured: readonly Round[], part: Part, share: number, name: string): Figure[] {
  const by = Object.fromEntries(
    BESIDES.map((beside) => [beside, median(byRound(measured, beside, part, share))]),
  );
  const ratio = (to: Beside): Figure => {
    const figure = `${name}, three bad to ${to}`;
    const value = (by["three bad"] ?? Number.NaN) / (by[to] ?? Number.NaN);
    return { name: figure, value, unit: "×", ...(figure === GOAL.name && { goal: { atMost: GOAL.atMost } }) };
  };
  return [
    ...BESIDES.map((beside) => ({
      name: `${name}, beside ${beside}`,
      value: by[beside] ?? Number.NaN,
      unit: "ms",
    })),
    ratio("nobody"),
    ratio("three healthy"),
  ];
}

function toMeasured(measured: readonly Round[]): Measured {
  const all = (beside: Beside) =>
    measured.filter((round) => round.beside === beside).flatMap(({ latencies }) => latencies);
  const alone = byRound(measured, "nobody", "latencies", 0.99);
  return {
    figures: [
      ...toFigures(measured, "latencies", 0.5, "p50"),
      ...toFigures(measured, "latencies", 0.99, "p99"),
      ...toFigures(measured, "latenciesOnceKnown", 0.99, "p99 once known"),
      {
        ...{ name: "p99, beside nobody, largest round to smallest", unit: "×" },
        value: Math.max(...alone) / Math.min(...alone),
      },
      { name: "deliveries timed", value: measured.flatMap(({ latencies }) => latencies).length, unit: "" },
    ],
    samples: Object.fromEntries(BESIDES.map((beside) => [`beside ${beside}`, all(beside)])),
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
