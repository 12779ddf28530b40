import { chunks } from "../../../shared/domain/chunks.ts";
import type { Delivery } from "../../../shared/domain/delivery.ts";
import {
  deliveryIds,
  emptyBalance,
  type LedgerBalance,
  type LedgerEntry,
  locate,
} from "../../../shared/domain/ledger.ts";

/** Keeps a few batch reads under way, and the memory small. */
const MAX_AT_ONCE = 500;
const MAX_OVERDUE_SHOWN = 20;

export interface ReckonDeps {
  /** Every fan-out of the account in the range. */
  readonly entries: (account: string) => AsyncIterable<LedgerEntry & { readonly fanned_out_at: string }>;
  readonly findDelivery: (id: string) => Promise<Delivery | undefined>;
  readonly hasUndeliveredRow: (givenUp: Delivery) => Promise<boolean>;
  /** Epoch milliseconds. */
  readonly now: () => number;
}

export interface Reckoning extends LedgerBalance {
  /** Ids of some deliveries that are overdue. */
  readonly overdueIds: readonly string[];
  /** Those asked about that no fan-out has seen. */
  readonly notFannedOut: readonly string[];
}

/**
 * The exact account of one account: every delivery that a fan-out has queued, counted once, where it is now.
 * Events and deliveries are told apart by their ids, which are held in memory: some 100 bytes each.
 * @param accepted ids of events that a publisher was told are accepted
 */
export async function reckon(
  deps: ReckonDeps,
  account: string,
  accepted: readonly string[] = [],
): Promise<Reckoning> {
  const balance = emptyBalance();
  const seenEvents = new Set<string>();
  const seenDeliveries = new Set<string>();
  const overdueIds: string[] = [];

  async function count(id: string, fannedOutAt: number): Promise<void> {
    const delivery = await deps.findDelivery(id);
    const found = delivery && {
      delivery,
      hasUndeliveredRow: delivery.status === "undelivered" && (await deps.hasUndeliveredRow(delivery)),
    };
    const place = locate(found, fannedOutAt, deps.now());
    balance[place] += 1;
    if (place === "overdue" && overdueIds.length < MAX_OVERDUE_SHOWN) overdueIds.push(id);
  }

  for await (const entry of deps.entries(account)) {
    for (const id of entry.event_ids) seenEvents.add(id);
    const fresh = deliveryIds(entry).filter((id) => !seenDeliveries.has(id));
    for (const id of fresh) seenDeliveries.add(id);
    for (const some of chunks(fresh, MAX_AT_ONCE)) {
      await Promise.all(some.map((id) => count(id, Date.parse(entry.fanned_out_at))));
    }
  }
  return {
    ...balance,
    events: seenEvents.size,
    deliveries: seenDeliveries.size,
    overdueIds,
    notFannedOut: accepted.filter((id) => !seenEvents.has(id)),
  };
}
