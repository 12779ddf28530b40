import * as z from "zod";
import { deliveryShown } from "../../../shared/http/openapi/schemas.ts";
import { type LocalRun, until } from "../../support/local-run.ts";
import { histogram, percentile } from "../../support/statistics.ts";
import { startClaimr } from "../load/claimr.ts";
import { now } from "../load/clock.ts";
import { benchEvent } from "../load/event.ts";
import { type Sink, startSink } from "../load/sink.ts";
import type { Chart, Figure, Measured, Section } from "../section.ts";

const DELIVERIES = 1_000;
/** A 60 s delay leaves the schedule no room to aim early (docs/decisions/0001-retry-timers.md). */
const STEPS = [
  { delaySeconds: 5, goalMs: 1_000 },
  { delaySeconds: 30, goalMs: 1_000 },
  { delaySeconds: 60, goalMs: 2_500 },
  { delaySeconds: 300, goalMs: 1_000 },
];
const ATTEMPTS = STEPS.length + 1;
/** The longest that EventBridge Scheduler may take (its user guide: "60 second precision"), at random. */
const WORST_SCHEDULER = { SCHEDULER_LATENESS_SECONDS: "60", SEED: "1" };
/** The policy has 395 s of its own. On a machine that is busy otherwise it takes longer, which is a figure and no failure. */
const TIMEOUT_MS = 600_000;
const WARM_UP_MS = 60_000;
/** From the last attempt to its row. */
const SETTLE_MS = 10_000;
/** Recorded times have whole milliseconds; the sink's have more. */
const CLOCK_MS = 2;
/** Whoever sets the system's clock meanwhile moves what is recorded, and not when it arrives. */
const CLOCK_MOVED_MS = 20;
const BARS = 20;

const page = z.object({
  items: z.array(deliveryShown),
  next_cursor: z.string().nullable(),
});
type Row = z.infer<typeof page>["items"][number];

type Claimr = Awaited<ReturnType<typeof startClaimr>>;

interface Lateness {
  /** From the recorded due time to the arrival at the endpoint; negative is early. */
  readonly fromDue: number;
  /** From arrival to arrival, less the delay: what the endpoint itself can tell, its own exchange included. */
  readonly betweenArrivals: number;
}

/** How far the wall clock, by which due times are recorded, is ahead of the clock that all processes share. */
const wallAhead = () => Date.now() - now();

async function readUndelivered(local: LocalRun): Promise<Row[]> {
  const rows: Row[] = [];
  for (let cursor = ""; ; ) {
    const { body } = await local.call("GET", `/undelivered?limit=100${cursor}`);
    const { items, next_cursor } = page.parse(body);
    rows.push(...items);
    if (next_cursor === null) return rows;
    cursor = `&cursor=${encodeURIComponent(next_cursor)}`;
  }
}

/** Arrivals by event, in the order in which they came. @throws when an event came more or fewer times than it must */
async function readArrivals(sink: Sink): Promise<Map<string, number[]>> {
  const { arrivals } = await sink.report();
  const times = Map.groupBy(arrivals, ({ id }) => id);
  for (const [id, of] of times) {
    if (of.length !== ATTEMPTS) throw new Error(`${id} arrived ${of.length} times, not ${ATTEMPTS}`);
  }
  return new Map([...times].map(([id, of]) => [id, of.map(({ at }) => at)]));
}

/** In milliseconds, by step. @throws when what is recorded and what arrived do not fit */
function latenesses(rows: readonly Row[], arrivals: ReadonlyMap<string, number[]>, ahead: number) {
  return STEPS.map(({ delaySeconds }, step) =>
    rows.map(({ event_id, attempts }): Lateness => {
      const before = arrivals.get(event_id)?.[step];
      const at = arrivals.get(event_id)?.[step + 1];
      const due = attempts[step + 1]?.due_at;
      if (before === undefined || at === undefined || due === undefined || attempts.length !== ATTEMPTS) {
        throw new Error(`${event_id} is recorded with ${attempts.length} attempts, and arrived otherwise`);
      }
      const dueAt = Date.parse(due) - ahead;
      // What the record says is checked by what arrived: an attempt cannot have failed before it was there.
      const exchangeMs = dueAt - delaySeconds * 1000 - before;
      if (exchangeMs < -CLOCK_MS) {
        throw new Error(`${event_id}: due ${-exchangeMs} ms sooner than ${delaySeconds} s after it failed`);
      }
      return { fromDue: at - dueAt, betweenArrivals: at - before - delaySeconds * 1000 };
    }),
  );
}

async function publishAtOnce(claimr: Claimr): Promise<void> {
  const batches = Array.from({ length: DELIVERIES / claimr.maxBatch }, () =>
    Array.from({ length: claimr.maxBatch }, benchEvent),
  );
  await Promise.all(batches.map(claimr.publish));
}

/** As many deliveries that succeed compile the code that the others run: a sender in service has done that long ago. */
async function warmUp(sink: Sink, claimr: Claimr): Promise<void> {
  const given = { hook_id: "warm-up", scope: "user_activity", url: sink.url(200) };
  const { status } = await claimr.local.call("POST", "/webhooks", given);
  if (status !== 201) throw new Error(`POST /webhooks answered ${status}`);
  await publishAtOnce(claimr);
  await sink.waitFor(DELIVERIES, WARM_UP_MS);
  await claimr.local.call("DELETE", "/webhooks/warm-up");
}

/** @returns for each step of the policy how late each delivery's attempt was */
async function failAll(sink: Sink, claimr: Claimr): Promise<Lateness[][]> {
  await warmUp(sink, claimr);
  const aheadBefore = wallAhead();
  await claimr.register([sink.url(500)]);
  await sink.reset("note");
  await publishAtOnce(claimr);
  await sink.waitFor(DELIVERIES * ATTEMPTS, TIMEOUT_MS);
  const rows = await until(async function readAllRows() {
    const read = await readUndelivered(claimr.local);
    return read.length >= DELIVERIES && read;
  }, SETTLE_MS);
  if (Math.abs(wallAhead() - aheadBefore) > CLOCK_MOVED_MS) {
    throw new Error("The system's clock was set in the meantime: measure again.");
  }
  const arrivals = await readArrivals(sink);
  if (rows.length !== DELIVERIES || arrivals.size !== DELIVERIES) {
    throw new Error(`${rows.length} rows and ${arrivals.size} events, not ${DELIVERIES}`);
  }
  return latenesses(rows, arrivals, aheadBefore);
}

function toFigures(late: readonly Lateness[], { delaySeconds, goalMs }: (typeof STEPS)[number]): Figure[] {
  const fromDue = late.map((one) => one.fromDue);
  const off = (values: readonly number[]) => percentile(values.map(Math.abs), 0.99);
  const step = `${delaySeconds} s`;
  return [
    { name: `p50, ${step}`, value: percentile(fromDue, 0.5), unit: "ms" },
    { name: `p99, ${step}`, value: off(fromDue), unit: "ms", goal: { atMost: goalMs } },
    { name: `p99 between arrivals, ${step}`, value: off(late.map((one) => one.betweenArrivals)), unit: "ms" },
    { name: `earliest, ${step}`, value: Math.min(...fromDue), unit: "ms", goal: { atLeast: -CLOCK_MS } },
    { name: `latest, ${step}`, value: Math.max(...fromDue), unit: "ms" },
  ];
}

async function measure(): Promise<Measured> {
  const sink = await startSink();
  try {
    const claimr = await startClaimr(WORST_SCHEDULER);
    try {
      const steps = await failAll(sink, claimr);
      return {
        figures: STEPS.flatMap((step, index) => toFigures(steps[index] ?? [], step)),
        samples: Object.fromEntries(
          STEPS.map(({ delaySeconds }, index) => [
            `${delaySeconds} s`,
            (steps[index] ?? []).map(({ fromDue }) => fromDue),
          ]),
        ),
      };
    } finally {
      await claimr.stop();
    }
  } finally {
    await sink.stop();
  }
}

function toChart(values: readonly number[], { delaySeconds, goalMs }: (typeof STEPS)[number]): Chart {
  const width = goalMs / BARS;
  // One bar more at each end, for what is early and what is later than the goal.
  const borders = Array.from({ length: BARS + 3 }, (_, n) => (n - 1) * width);
  return {
    name: `retry-precision-${delaySeconds}s`,
    title: `How late the attempt ${delaySeconds} s after a failed one is, of ${values.length} deliveries`,
    kind: "bar",
    x: { title: `ms after it was due, in steps of ${width} ms` },
    y: { title: "deliveries", isLogarithmic: true },
    categories: ["early", ...borders.slice(1, -2), "later"],
    series: [{ name: `${delaySeconds} s`, values: histogram(values, borders) }],
  };
}

export const retryPrecision: Section = {
  name: "retry-precision",
  title: "Retry precision: 1,000 failing deliveries, the Scheduler up to 60 s late",
  // Most of seven minutes, and a thousand deliveries are sample enough.
  runs: 1,
  measure,
  charts: (_, samples): Chart[] =>
    STEPS.map((step) => toChart(samples[`${step.delaySeconds} s`] ?? [], step)),
};
