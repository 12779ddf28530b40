import { SLOW_MS } from "../../shared/domain/delivery.ts";
import { type SlowMark, slowMark, type Webhook } from "../../shared/domain/webhook.ts";

export interface SlowWatchDeps {
  readonly clock: {
    now(): number;
    /** Runs something once the time has passed, unless it is called off before. */
    after(ms: number, run: () => void): { callOff(): void };
  };
  readonly mark: (of: Webhook, mark: SlowMark) => Promise<unknown>;
  readonly log: {
    info(event: string, fields: Readonly<Record<string, unknown>>): void;
    error(event: string, error: unknown, fields: Readonly<Record<string, unknown>>): void;
  };
}

/** Of so many webhooks it is remembered what was marked. */
const MAX_REMEMBERED = 1_000;

/**
 * Marks endpoints that do not answer in time as slow, while they are still waited for: what comes after need not
 * wait too. An aid to others, without which nothing is lost: that a mark cannot be set is logged and no more.
 */
export function createSlowWatch({ clock, mark, log }: SlowWatchDeps) {
  /**
   * What this process marked, by registration: it may have read the webhook before, and a mark replaces those that it
   * does not know of.
   */
  const marked = new Map<string, SlowMark["slow_urls"]>();

  async function markSlow(webhook: Webhook, url: string): Promise<void> {
    const { registration } = webhook;
    const known = { ...webhook, slow_urls: [...webhook.slow_urls, ...(marked.get(registration) ?? [])] };
    const fresh = slowMark(known, url, new Date(clock.now()));
    if (!fresh) return;
    if (marked.size >= MAX_REMEMBERED) marked.clear();
    marked.set(registration, fresh.slow_urls);
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
