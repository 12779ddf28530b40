import type { Scope } from "../../../shared/domain/event.ts";
import { type BenchEvent, benchEvent } from "../load/event.ts";
import type { Sink } from "../load/sink.ts";
import type { Counted } from "./bill.ts";
import type { CountedStage } from "./stage.ts";

const QUIET_MS = 300_000;
const PUBLISHERS = 2;
const REGISTRARS = 4;

export interface Load {
  readonly events: number;
  /** Events in one request. */
  readonly batch: number;
  /** Waits for each event to arrive before it publishes the next. */
  readonly isPatient?: boolean;
  readonly fanOut: number;
  readonly scope: Scope;
  /** HTTP requests that one delivery makes. */
  readonly attempts?: number;
}

/** Each URL as a webhook of its own. */
export async function registerEndpoints(
  stage: CountedStage,
  urls: readonly string[],
  wanted: { readonly scope: Scope; readonly campaigns?: readonly string[] },
): Promise<void> {
  const left = [...urls];
  async function registrar() {
    for (let url = left.pop(); url !== undefined; url = left.pop())
      await stage.post("/webhooks", JSON.stringify({ ...wanted, url }));
  }
  await Promise.all(Array.from({ length: REGISTRARS }, registrar));
}

/** Publishes, waits until all is done, and tells what it used. @throws when not all of it arrived */
export async function countLoad(stage: CountedStage, sink: Sink, load: Load): Promise<Counted> {
  const { events, fanOut, attempts = 1 } = load;
  const deliveries = events * fanOut;
  await stage.quiet(QUIET_MS);
  await sink.reset("count");
  stage.beginCount();
  if (load.isPatient) {
    for (let published = 1; published <= events; published++) {
      await publish(stage, [benchEvent(load.scope)]);
      await sink.waitFor(published * fanOut, QUIET_MS);
    }
  } else await publishInBatches(stage, load);
  await sink.waitFor(deliveries * attempts, QUIET_MS);
  await stage.quiet(QUIET_MS);
  const { count: requests, bytes } = await sink.report();
  if (requests !== deliveries * attempts)
    throw new Error(`${requests} requests came, not ${deliveries * attempts}`);
  const usage = stage.usage();
  return { deliveries, usage, sent: { requests, bytes }, accessLineBytes: stage.accessLineBytes };
}

async function publishInBatches(stage: CountedStage, { events, batch, scope }: Load): Promise<void> {
  let left = events;
  async function publisher() {
    while (left > 0) {
      const size = Math.min(batch, left);
      left -= size;
      await publish(
        stage,
        Array.from({ length: size }, () => benchEvent(scope)),
      );
    }
  }
  await Promise.all(Array.from({ length: PUBLISHERS }, publisher));
}

const publish = (stage: CountedStage, events: readonly BenchEvent[]): Promise<void> =>
  events.length === 1
    ? stage.post("/events", events[0]?.json ?? "")
    : stage.post("/events/batch", `{"events":[${events.map(({ json }) => json).join()}]}`);
