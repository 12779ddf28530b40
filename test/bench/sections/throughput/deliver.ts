import { now } from "../../load/clock.ts";
import { benchEvent } from "../../load/event.ts";
import type { Sender } from "../../load/sender.ts";
import type { Sink } from "../../load/sink.ts";

/** The first deliveries compile the code that the others run. */
const WARM_UP_DELIVERIES = 10_000;
export const BATCH = 100;
const PUBLISHERS = 8;
const TIMEOUT_MS = 120_000;

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

/** @returns what a second brings, from the first event published to the last one accepted or delivered */
export async function deliver(sender: Sender, sink: Sink, events: number, batch: number, fanOut: number) {
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

/** Gives the sender its endpoints, and has it deliver to them for the first time. */
export async function prepare(sender: Sender, sink: Sink, fanOut: number): Promise<void> {
  await sender.register(Array.from({ length: fanOut }, (_, n) => sink.url(200, 0, `e${n}`)));
  await deliver(sender, sink, Math.ceil(WARM_UP_DELIVERIES / fanOut), BATCH, fanOut);
}
