import { SLOW_MS } from "../../shared/domain/delivery.ts";
import { type SlowMark, slowMark, type Webhook } from "../../shared/domain/webhook.ts";

export interface SlowWatchDeps {
  readonly clock: {
    now(): number;
    /** Runs something once the time has passed, unless it is called off before. */
    after(ms: number, run: () => void): { callOff(): void };
  };
  readonly mark: (of: Webhook, mark: SlowMark) => Promise<void>;
  readonly log: {
    info(event: string, fields: Readonly<Record<string, unknown>>): void;
    error(event: string, error: unknown, fields: Readonly<Record<string, unknown>>): void;
  };
}

/** Of so many endpoints it is remembered that they were marked a moment ago. */
const MAX_REMEMBERED = 1_000;

/**
 * Marks endpoints that do not answer in time as slow, while they are still waited for: what comes after need not
 * wait too. An aid to others, without which nothing is lost: that a mark cannot be set is logged and no more.
 */
export function createSlowWatch({ clock, mark, log }: SlowWatchDeps) {
  /** Until when those are marked that this process has marked, although it may have read them before. */
  const remembered = new Map<string, number>();

  async function markSlow(webhook: Webhook, url: string): Promise<void> {
    const now = clock.now();
    const fresh = slowMark(webhook, url, new Date(now));
    const key = `${webhook.registration} ${url}`;
    if (!fresh || (remembered.get(key) ?? 0) > now) return;
    if (remembered.size >= MAX_REMEMBERED) remembered.clear();
    remembered.set(key, fresh.renewFrom);
    const { account, hook_id } = webhook;
    const endpoint = { account, hook_id, endpoint: new URL(url).origin };
    try {
      await mark(webhook, fresh);
      log.info("endpoint.slow", endpoint);
    } catch (error) {
      log.error("endpoint.slow_not_marked", error, endpoint);
    }
  }

  /** Watches an attempt to the end, and the mark too: what a function leaves undone may never be done. */
  return async function watch<Result>(
    webhook: Webhook,
    url: string,
    attempt: () => Promise<Result>,
  ): Promise<Result> {
    let marking: Promise<void> | undefined;
    const slowness = clock.after(SLOW_MS, () => {
      marking = markSlow(webhook, url);
    });
    try {
      return await attempt();
    } finally {
      slowness.callOff();
      await marking;
    }
  };
}
