import { availableParallelism } from "node:os";
import { measureCeiling } from "../load/ceiling.ts";
import { startClaimr } from "../load/claimr.ts";
import type { StartSender } from "../load/sender.ts";
import { type Sink, startSink } from "../load/sink.ts";
import { type Chart, type Figure, figureOf, type Measured, type Section } from "../section.ts";
import { measureBesideBullMq } from "./throughput/beside-bullmq.ts";
import { BATCH, deliver, prepare } from "./throughput/deliver.ts";

const FAN_OUTS = [1, 3, 10];
const DELIVERIES = 20_000;
const EVENTS_ONE_BY_ONE = 2_000;
const GOALS = new Map([
  ["share of the ceiling, by batch, fan-out 1", 0.12],
  ["share of the ceiling, by batch, fan-out 10", 0.2],
]);

async function measureFanOut(
  startSender: StartSender,
  sink: Sink,
  fanOut: number,
  ceiling: number,
): Promise<{ figures: Figure[]; note: string }> {
  const sender = await startSender();
  try {
    await prepare(sender, sink, fanOut);
    const figures: Figure[] = [];
    for (const batch of [BATCH, 1]) {
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
    const processes = ["the publishers", "the endpoints", ...(sender.processes ?? [])];
    return {
      figures,
      note: `${sender.name} shares ${availableParallelism()} cores with the load: ${processes.join("; ")}.`,
    };
  } finally {
    await sender.stop();
  }
}

async function measure(startOther?: StartSender): Promise<Measured> {
  const sink = await startSink();
  try {
    const { perSecond } = await measureCeiling(sink.url(200));
    const figures: Figure[] = [{ name: "ceiling", value: perSecond, unit: "POSTs/s" }];
    const notes = new Set<string>();
    for (const fanOut of FAN_OUTS) {
      const measured = await measureFanOut(startOther ?? startClaimr, sink, fanOut, perSecond);
      figures.push(...measured.figures);
      notes.add(measured.note);
    }
    if (startOther) return { figures, notes: [...notes] };
    const beside = await measureBesideBullMq(sink, figureOf(figures, "deliveries, by batch, fan-out 1"));
    return { figures: [...figures, ...beside.figures], notes: [...notes, ...(beside.notes ?? [])] };
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
  takesSender: true,
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
