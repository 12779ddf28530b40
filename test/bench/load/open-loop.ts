import { setTimeout as sleep } from "node:timers/promises";
import { now } from "./clock.ts";
import { benchEvent } from "./event.ts";
import type { Sender } from "./sender.ts";

/** Times are of the clock that all processes share, in milliseconds. */
export interface Accepted {
  readonly id: string;
  readonly plannedAt: number;
  /** When the sender's answer was there. */
  readonly acceptedAt: number;
}

/**
 * Publishes one event at each planned time, whether the ones before have been answered or not: a sender that stalls is
 * not given time to recover, as its publishers would not either.
 */
export async function publishOpenLoop(
  sender: Sender,
  { perSecond, seconds }: { readonly perSecond: number; readonly seconds: number },
): Promise<Accepted[]> {
  async function publishOne(plannedAt: number): Promise<Accepted> {
    const event = benchEvent();
    await sender.publish([event]);
    return { id: event.id, plannedAt, acceptedAt: now() };
  }

  const startAt = now();
  const answers: Promise<Accepted>[] = [];
  for (let n = 0; n < perSecond * seconds; n++) {
    const plannedAt = startAt + (n * 1000) / perSecond;
    await sleepUntil(plannedAt);
    const answer = publishOne(plannedAt);
    // Whoever awaits all of them below sees the failure; until then it is not one that nobody handles.
    answer.catch(() => undefined);
    answers.push(answer);
  }
  return Promise.all(answers);
}

/** Never early, and late by a timer's millisecond. */
async function sleepUntil(at: number): Promise<void> {
  for (let left = at - now(); left > 0; left = at - now()) await sleep(Math.ceil(left));
}
