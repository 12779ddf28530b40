import { createRecent } from "../../shared/domain/recent.ts";
import { MAX_KEPT_MS, type Webhook } from "../../shared/domain/webhook.ts";

export interface WebhookCacheDeps {
  /**
   * Changes with every write to one of the account's webhooks, before the writer is told that it is done, and never
   * comes back to what it was; undefined when that is not known.
   */
  readonly stateOf: (account: string) => Promise<string | undefined>;
  readonly find: (account: string, hookId: string) => Promise<Webhook | undefined>;
  /** Both for the price of one request, which reads them in any order. */
  readonly findWithState: (account: string, hookId: string) => Promise<WebhookWithState>;
  /** Epoch milliseconds. */
  readonly now: () => number;
}

export interface WebhookWithState {
  readonly webhook: Webhook | undefined;
  readonly state: string | undefined;
}

interface Kept {
  readonly state: string;
  readonly webhook: Webhook;
  readonly readAt: number;
}

/** Characters: some 16,000 webhooks of the usual kind, less than a tenth of the function's memory. */
const MAX_KEPT_SIZE = 8_000_000;
const MAX_ACCOUNTS = 10_000;

/**
 * Finds webhooks as they are now, reading only their account's state while that is the one they were read under.
 * A webhook is kept under a state only if its read began after that state had been seen: then every write that the
 * state knows of was done before. One read together with a state may be older than it.
 */
export function createWebhookCache({ stateOf, find, findWithState, now }: WebhookCacheDeps) {
  const kept = createRecent<Kept>(MAX_KEPT_SIZE, ({ webhook }) => JSON.stringify(webhook).length);
  /** The last that was seen of each account. */
  const states = createRecent<string>(MAX_ACCOUNTS);

  const idOf = (account: string, hookId: string) => `${account}#${hookId}`;

  /** What may be used if the account's state is still the same. */
  function current(account: string, hookId: string): Kept | undefined {
    const known = kept.get(idOf(account, hookId));
    if (!known || now() - known.readAt >= MAX_KEPT_MS) return undefined;
    return known.state === states.get(account) ? known : undefined;
  }

  /** Not one that is missing: what is sent to a webhook that was deleted ends with it. */
  function keep(webhook: Webhook | undefined, state: string | undefined, readAt: number): void {
    if (!webhook || state === undefined) return;
    kept.set(idOf(webhook.account, webhook.hook_id), { state, webhook, readAt });
  }

  async function findNew(account: string, hookId: string): Promise<Webhook | undefined> {
    const readAt = now();
    const seenBefore = states.get(account);
    const { webhook, state } = await findWithState(account, hookId);
    if (state !== undefined) states.set(account, state);
    if (state === seenBefore) keep(webhook, state, readAt);
    return webhook;
  }

  return async function webhookOf(account: string, hookId: string): Promise<Webhook | undefined> {
    const known = current(account, hookId);
    if (!known) return findNew(account, hookId);
    const state = await stateOf(account);
    if (state === known.state) return known.webhook;
    if (state !== undefined) states.set(account, state);
    const readAt = now();
    const webhook = await find(account, hookId);
    keep(webhook, state, readAt);
    return webhook;
  };
}
