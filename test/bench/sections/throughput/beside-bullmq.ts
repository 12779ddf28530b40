import { SenderFailure } from "../../load/sender.ts";
import type { Sink } from "../../load/sink.ts";
import type { Measured } from "../../section.ts";
import { startBullMq } from "../../senders/bullmq.ts";
import { BATCH, deliver, prepare } from "./deliver.ts";

/** How many jobs the worker has under way at once; what is best for it depends on the machine. */
const CONCURRENCIES = [20, 50, 100];
const EVENTS = 20_000;
const GOAL = 0.5;

async function measureBullMq(sink: Sink, concurrency: number): Promise<number> {
  const sender = await startBullMq(concurrency);
  try {
    await prepare(sender, sink, 1);
    return (await deliver(sender, sink, EVENTS, BATCH, 1)).deliveriesPerSecond;
  } finally {
    await sender.stop();
  }
}

/**
 * The same events by batch, to one endpoint, from a bare BullMQ worker: with what suits it best, and after ours, so
 * that neither takes the other's CPU.
 * @param ours deliveries a second
 */
export async function measureBesideBullMq(sink: Sink, ours: number): Promise<Measured> {
  try {
    const measured: { concurrency: number; perSecond: number }[] = [];
    for (const concurrency of CONCURRENCIES) {
      measured.push({ concurrency, perSecond: await measureBullMq(sink, concurrency) });
    }
    const best = measured.reduce((a, b) => (b.perSecond > a.perSecond ? b : a));
    return {
      figures: [
        { name: "deliveries of BullMQ + Redis", value: best.perSecond, unit: "deliveries/s" },
        { name: "share of BullMQ + Redis", value: ours / best.perSecond, unit: "", goal: { atLeast: GOAL } },
      ],
      notes: [`BullMQ did best with ${best.concurrency} jobs at once, of ${CONCURRENCIES.join(", ")} tried.`],
    };
  } catch (error) {
    if (!(error instanceof SenderFailure)) throw error;
    return { figures: [], notes: [`Not compared with BullMQ: ${error.message}`] };
  }
}
