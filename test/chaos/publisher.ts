import { setTimeout as sleep } from "node:timers/promises";
import type { Random } from "../../infra/local/scheduler/random.ts";
import { eventJson } from "../support/factories.ts";

const MAX_BATCH = 20;
const PATIENCE_MS = 50;
/** A request that a kill cut off may hang for as long as the system has no reason to reset it. */
const REQUEST_TIMEOUT_MS = 5_000;

export interface Publisher {
  /** Ids that were answered 202. */
  readonly accepted: readonly string[];
  /** Resolves when all are accepted. */
  readonly done: Promise<void>;
}

/**
 * Publishes as a careful publisher does: with ids of its own, and again until the answer is 202.
 * @param hasRoom holds it back while much is under way
 */
export function startPublisher(given: {
  readonly url: string;
  readonly apiKey: string;
  readonly events: number;
  readonly random: Random;
  readonly hasRoom: (accepted: number) => boolean;
}): Publisher {
  const accepted: string[] = [];

  async function publish(ids: readonly string[]): Promise<boolean> {
    try {
      const response = await fetch(`${given.url}/events/batch`, {
        method: "POST",
        headers: { authorization: `Bearer ${given.apiKey}`, "content-type": "application/json" },
        body: `{"events":[${ids.map((id) => eventJson({ id })).join()}]}`,
        signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS),
      });
      await response.arrayBuffer();
      return response.status === 202;
    } catch {
      return false;
    }
  }

  async function publishAll(): Promise<void> {
    let next = 0;
    while (next < given.events) {
      const size = Math.min(1 + Math.floor(given.random() * MAX_BATCH), given.events - next);
      const ids = Array.from({ length: size }, (_, n) => `chaos-${next + n}`);
      while (!(given.hasRoom(accepted.length) && (await publish(ids)))) await sleep(PATIENCE_MS);
      accepted.push(...ids);
      next += size;
    }
  }

  return { accepted, done: publishAll() };
}
