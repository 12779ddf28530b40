import { measureCeiling } from "../load/ceiling.ts";
import { startClaimr } from "../load/claimr.ts";
import { now } from "../load/clock.ts";
import { benchEvent } from "../load/event.ts";
import type { Sender } from "../load/sender.ts";
import { type Sink, startSink } from "../load/sink.ts";
import { type Chart, type Figure, figureOf, type Measured, type Section } from "../section.ts";

const FAN_OUTS = [1, 3, 10];
/** By batch and one by one. */
const BATCHES = [100, 1];
const DELIVERIES = 10_000;
const EVENTS_ONE_BY_ONE = 2_000;
/** The first deliveries compile the code that the others run. */
const WARM_UP_EVENTS = 600;
const PUBLISHERS = 8;
const TIMEOUT_MS = 120_000;
const GOALS = new Map([
  ["share of the ceiling, by batch, fan-out 1", 0.12],
  ["share of the ceiling, by batch, fan-out 10", 0.2],
]);

/** Publishes as fast as the sender takes events, a few requests at a time. */
async function publishAll(sender: Sender, events: number, batch: number): Promise<void> {
  let left = events;
  async function publisher() {
    while (left > 0) {
      const size = Math.min(batch, sender.maxBatch, left);
      left -= size;
      await sender.publish(Array.from({ length: size }, benchEvent));
    }
  }
  await Promise.all(Array.from({ length: PUBLISHERS }, publisher));
}

/** @returns deliveries per second, from the first event published to the last delivery */
async function deliver(sender: Sender, sink: Sink, events: number, batch: number, fanOut: number) {
  await sink.reset("count");
  const startedAt = now();
  await publishAll(sender, events, batch);
  const acceptedAt = now();
  const { lastAt } = await sink.waitFor(events * fanOut, TIMEOUT_MS);
  return {
    deliveriesPerSecond: (events * fanOut * 1000) / (lastAt - startedAt),
    eventsPerSecond: (events * 1000) / (acceptedAt - startedAt),
  };
}

async function measureFanOut(sink: Sink, fanOut: number, ceiling: number): Promise<Figure[]> {
  const sender = await startClaimr();
  try {
    await sender.register(Array.from({ length: fanOut }, (_, n) => sink.url(200, 0, `e${n}`)));
    await deliver(sender, sink, WARM_UP_EVENTS, 100, fanOut);
    const figures: Figure[] = [];
    for (const batch of BATCHES) {
      const events = batch === 1 ? Math.min(EVENTS_ONE_BY_ONE, DELIVERIES / fanOut) : DELIVERIES / fanOut;
      const measured = await deliver(sender, sink, Math.ceil(events), batch, fanOut);
      const how = `${batch === 1 ? "one by one" : "by batch"}, fan-out ${fanOut}`;
      const name = `share of the ceiling, ${how}`;
      const atLeast = GOALS.get(name);
      figures.push(
        { name: `events accepted, ${how}`, value: measured.eventsPerSecond, unit: "events/s" },
        { name: `deliveries, ${how}`, value: measured.deliveriesPerSecond, unit: "deliveries/s" },
        {
          ...{ name, value: measured.deliveriesPerSecond / ceiling, unit: "× ceiling" },
          ...(atLeast !== undefined && { goal: { atLeast } }),
        },
      );
    }
    return figures;
  } finally {
    await sender.stop();
  }
}

async function measure(): Promise<Measured> {
  const sink = await startSink();
  try {
    const { perSecond } = await measureCeiling(sink.url(200));
    const figures: Figure[] = [{ name: "ceiling", value: perSecond, unit: "POSTs/s" }];
    for (const fanOut of FAN_OUTS) figures.push(...(await measureFanOut(sink, fanOut, perSecond)));
    return { figures };
  } finally {
    await sink.stop();
  }
}

const shares = (figures: readonly Figure[], how: string) =>
  FAN_OUTS.map((fanOut) => figureOf(figures, `share of the ceiling, ${how}, fan-out ${fanOut}`));

export const throughput: Section = {
  name: "throughput",
  title: "Throughput of the local run, end to end",
  runs: 3,
  measure,
  charts: (figures): Chart[] => [
    {
      name: "throughput",
      title: "Deliveries per second, as a share of a bare pool's",
      kind: "bar",
      x: { title: "endpoints an event" },
      y: { title: "share of the ceiling" },
      categories: FAN_OUTS,
      series: [
        { name: "by batch of 100", values: shares(figures, "by batch") },
        { name: "one by one", values: shares(figures, "one by one") },
      ],
    },
  ],
};
