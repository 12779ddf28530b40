import { crc32 } from "node:zlib";
import { chunks } from "../../../shared/domain/chunks.ts";
import { deliveryId } from "../../../shared/domain/delivery.ts";
import {
  type AccountedDelivery,
  emptyBalance,
  type LedgerBalance,
  type LedgerEntry,
  locate,
  queuedDeliveries,
} from "../../../shared/domain/ledger.ts";

/** Keeps a few batch reads under way, and the memory small. */
const MAX_AT_ONCE = 500;
const MAX_OVERDUE_SHOWN = 20;
/** Ids that are held at a time, some 100 bytes each; a Map ends at 2^24 entries. */
const MAX_HELD = 1_000_000;

export interface ReckonDeps {
  /** Every fan-out of the account in the range, each time it is called. */
  readonly entries: (account: string) => AsyncIterable<LedgerEntry & { readonly fanned_out_at: string }>;
  readonly findDelivery: (id: string) => Promise<AccountedDelivery | undefined>;
  readonly hasUndeliveredRow: (givenUp: AccountedDelivery) => Promise<boolean>;
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
 * A range that is too large to hold is gone through in slices of its events, for each of which the ledger is
 * read again: an entry stands for many deliveries, so that costs little beside reading those.
 * @param accepted ids of events that a publisher was told are accepted
 */
export async function reckon(
  deps: ReckonDeps,
  account: string,
  accepted: readonly string[] = [],
  maxHeld = MAX_HELD,
): Promise<Reckoning> {
  const balance = emptyBalance();
  const overdueIds: string[] = [];
  const notFannedOut: string[] = [];

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

  const slices = Math.max(1, Math.ceil((await sizeOf(deps.entries(account))) / maxHeld));
  for (let slice = 0; slice < slices; slice++) {
    const isMine = (eventId: string) => crc32(eventId) % slices === slice;
    const { events, fannedOutAt } = await hold(deps.entries(account), isMine);
    for (const some of chunks([...fannedOutAt], MAX_AT_ONCE))
      await Promise.all(some.map(([id, at]) => count(id, at)));
    balance.events += events.size;
    balance.deliveries += fannedOutAt.size;
    for (const id of accepted) if (isMine(id) && !events.has(id)) notFannedOut.push(id);
  }
  return { ...balance, overdueIds, notFannedOut };
}

type Entries = ReturnType<ReckonDeps["entries"]>;

/** How many ids there are to hold, at most. */
async function sizeOf(entries: Entries): Promise<number> {
  let size = 0;
  for await (const { groups } of entries)
    for (const { event_ids, endpoints } of groups) size += event_ids.length * (endpoints.length + 1);
  return size;
}

/** The events of a slice, and its deliveries with the time of the first fan-out that queued each. */
async function hold(entries: Entries, isMine: (eventId: string) => boolean) {
  const events = new Set<string>();
  const fannedOutAt = new Map<string, number>();
  for await (const entry of entries) {
    const at = Date.parse(entry.fanned_out_at);
    for (const id of entry.groups.flatMap(({ event_ids }) => event_ids)) if (isMine(id)) events.add(id);
    for (const queued of queuedDeliveries(entry)) {
      if (!isMine(queued.event_id)) continue;
      const id = deliveryId(queued);
      fannedOutAt.set(id, Math.min(at, fannedOutAt.get(id) ?? at));
    }
  }
  return { events, fannedOutAt };
}
