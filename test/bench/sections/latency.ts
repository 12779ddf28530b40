import { percentile } from "../../support/statistics.ts";
import { startClaimr } from "../load/claimr.ts";
import { publishOpenLoop } from "../load/open-loop.ts";
import type { Sender, StartSender } from "../load/sender.ts";
import { type Sink, startSink } from "../load/sink.ts";
import { percentileLines } from "../report/percentile-lines.ts";
import type { Chart, Figure, Measured, Section } from "../section.ts";

/** Events a second. */
const RATES = [50, 200];
const LOAD_SECONDS = 10;
/** The first deliveries compile the code that the others run. */
const WARM_UP = { perSecond: 200, seconds: 4 };
const TIMEOUT_MS = 60_000;
const GOAL = { name: "p99 at 50 events/s", atMost: 100 };

const planned = (rate: string) => `${rate}, from the planned time`;

/** Milliseconds that each event took, in the order in which they were published. */
interface Latencies {
  readonly fromAccepted: readonly number[];
  readonly fromPlanned: readonly number[];
}

async function measureLoad(
  sender: Sender,
  sink: Sink,
  load: { readonly perSecond: number; readonly seconds: number },
): Promise<Latencies> {
  await sink.reset("note");
  const accepted = await publishOpenLoop(sender, load);
  const { arrivals } = await sink.waitFor(accepted.length, TIMEOUT_MS);
  // From the last to the first: of an event that came twice the first arrival stays.
  const arrivedAt = new Map(arrivals.toReversed().map(({ id, at }) => [id, at]));
  const timed = accepted.map((event) => {
    const at = arrivedAt.get(event.id);
    if (at === undefined) throw new Error(`${event.id} was accepted and never came`);
    return { ...event, at };
  });
  return {
    // An event may be there before its publisher has read the answer.
    fromAccepted: timed.map(({ at, acceptedAt }) => Math.max(0, at - acceptedAt)),
    fromPlanned: timed.map(({ at, plannedAt }) => at - plannedAt),
  };
}

const toFigures = (values: readonly number[], name: string): Figure[] =>
  [50, 95, 99].map((share) => ({
    ...{ name: `p${share} at ${name}`, value: percentile(values, share / 100), unit: "ms" },
    ...(GOAL.name === `p${share} at ${name}` && { goal: { atMost: GOAL.atMost } }),
  }));

async function measure(startSender: StartSender = startClaimr): Promise<Measured> {
  const sink = await startSink();
  try {
    const sender = await startSender();
    try {
      await sender.register([sink.url(200)]);
      await measureLoad(sender, sink, WARM_UP);
      const figures: Figure[] = [];
      const samples: Record<string, readonly number[]> = {};
      for (const perSecond of RATES) {
        const rate = `${perSecond} events/s`;
        const load = { perSecond, seconds: LOAD_SECONDS };
        const { fromAccepted, fromPlanned } = await measureLoad(sender, sink, load);
        figures.push(...toFigures(fromAccepted, rate), ...toFigures(fromPlanned, planned(rate)));
        Object.assign(samples, { [rate]: fromAccepted, [planned(rate)]: fromPlanned });
      }
      return { figures, samples };
    } finally {
      await sender.stop();
    }
  } finally {
    await sink.stop();
  }
}

export const latency: Section = {
  name: "latency",
  title: "Latency, from the 202 until the event arrives",
  runs: 3,
  takesSender: true,
  measure,
  charts: (_, samples): Chart[] => [
    {
      name: "latency",
      title: "How long an event takes, by percentile",
      ...percentileLines(samples),
      limit: { name: `goal of ${GOAL.name}`, y: GOAL.atMost },
    },
  ],
};
