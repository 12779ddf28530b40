import { MAX_KEPT_MS, type Webhook } from "../../shared/domain/webhook.ts";
import { createWebhookList, type WebhookList } from "./webhook-list.ts";

export interface WebhookCacheDeps {
  /** Changes with every write to the account's webhooks, before the writer is told that it is done. */
  readonly versionOf: (account: string) => Promise<string | undefined>;
  /** All of an account's webhooks as they are now; `onUnreadable` is told of each that cannot be read. */
  readonly all: (account: string, onUnreadable: (error: Error) => void) => Promise<readonly Webhook[]>;
  /** Epoch milliseconds. */
  readonly now: () => number;
  readonly log: { error(event: string, error: unknown, fields: Readonly<Record<string, unknown>>): void };
}

/** Characters of all lists together: some 75,000 webhooks of the usual kind, in a process of 512 MiB. */
const MAX_SIZE = 32_000_000;

interface Kept {
  readonly version: string | undefined;
  readonly askedAt: number;
  readonly list: Promise<WebhookList>;
  /** Once it is there. */
  size: number;
}

/**
 * Accounts' webhooks, each list used for as long as its account's version is the one that it was read under. The
 * version is read first: a list is as new as the version it is kept under, or newer.
 */
export function createWebhookCache({ versionOf, all, now, log }: WebhookCacheDeps) {
  /** By account, the oldest first. What is on its way is in it, for all who need it meanwhile. */
  const lists = new Map<string, Kept>();

  const isFresh = ({ askedAt }: Kept) => now() - askedAt < MAX_KEPT_MS;

  async function load(account: string): Promise<WebhookList> {
    const unreadable: Error[] = [];
    return createWebhookList(await all(account, (error) => unreadable.push(error)), unreadable);
  }

  function keep(account: string, version: string | undefined): Promise<WebhookList> {
    const kept: Kept = { version, askedAt: now(), list: load(account), size: 0 };
    lists.delete(account);
    lists.set(account, kept);
    const forget = () => void (lists.get(account) === kept && lists.delete(account));
    kept.list.then(function settle(list) {
      kept.size = list.size;
      // Whoever mends what cannot be read need not wait for it to count.
      if (list.unreadable.length > 0) forget();
      makeRoom();
    }, forget);
    return kept.list;
  }

  function makeRoom() {
    let size = [...lists.values()].reduce((sum, kept) => sum + kept.size, 0);
    for (const [account, kept] of lists) {
      if (size <= MAX_SIZE && isFresh(kept)) return;
      lists.delete(account);
      size -= kept.size;
    }
  }

  return async function webhooksOf(account: string): Promise<WebhookList> {
    let version: string | undefined;
    try {
      version = await versionOf(account);
    } catch (error) {
      log.error("webhooks.version_unread", error, { account });
      return load(account);
    }
    const kept = lists.get(account);
    // Two times without a version may have had one between them: the account was deleted, and with it its version.
    const isSame = version !== undefined && kept?.version === version;
    return isSame && isFresh(kept) ? kept.list : keep(account, version);
  };
}
