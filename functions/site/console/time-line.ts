import type { Delivery } from "./types.ts";

const TICKS = 5;
const MIN_SPAN_MS = 1_000;
/** Seconds that read well as the distance of two ticks. */
const steps = [0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1_800, 3_600, 7_200, 21_600, 43_200, 86_400];

export interface TimeLine {
  /** Where a moment lies, in percent from the left. */
  at(ms: number): number;
  /** Milliseconds since the first moment. */
  readonly ticks: readonly number[];
  readonly start: number;
}

/** A scale from when a delivery's first attempt was due to its last moment: the next attempt, while there is one. */
export function timeLineOf({ attempts, next_attempt_at, created_at }: Delivery): TimeLine {
  const start = Date.parse(attempts[0]?.due_at ?? created_at);
  const ends = attempts.map(({ started_at, duration_ms }) => Date.parse(started_at) + duration_ms);
  const end = Math.max(
    start + MIN_SPAN_MS,
    ...ends,
    next_attempt_at === null ? 0 : Date.parse(next_attempt_at),
  );
  const span = end - start;
  const step = (steps.find((seconds) => span / (seconds * 1_000) <= TICKS) ?? span / 1_000 / TICKS) * 1_000;
  return {
    at: (ms) => Math.min(100, Math.max(0, ((ms - start) / span) * 100)),
    ticks: Array.from({ length: Math.floor(span / step) + 1 }, (_, index) => index * step),
    start,
  };
}
