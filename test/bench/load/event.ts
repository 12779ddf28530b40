import type { Scope } from "../../../shared/domain/event.ts";
import { sampleEvent } from "../../../shared/domain/sample-event.ts";

const EVENT_BYTES = 1024;
const ID = /"id":"(bench-\d+)"/;

export interface BenchEvent {
  readonly id: string;
  /** Its JSON, of 1 KiB. */
  readonly json: string;
}

let published = 0;

/** An event that no other run has, filled up to 1 KiB. */
export function benchEvent(scope: Scope = "user_activity"): BenchEvent {
  // As long as the ids that the product makes.
  const id = `bench-${String(published++).padStart(15, "0")}`;
  const event = { id, ...sampleEvent(scope), filler: "" };
  const filler = "x".repeat(EVENT_BYTES - JSON.stringify(event).length);
  return { id, json: JSON.stringify({ ...event, filler }) };
}

/** Which event a request's body is of, in whatever a sender wraps it. */
export const eventIdIn = (body: string): string | undefined => ID.exec(body)?.[1];
