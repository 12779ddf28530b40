import { chunks } from "../domain/chunks.ts";
import { type Delivery, type DeliveryStatus, deliveryId } from "../domain/delivery.ts";
import { isListedEarlier, notBegun, type QueuedDelivery, queuedDeliveries } from "../domain/ledger.ts";
import type { BatchReader } from "./batch-table.ts";
import { deliveryKey } from "./delivery-table.ts";
import type { StoredLedgerEntry } from "./ledger-item.ts";
import type { LedgerReader } from "./ledger-table.ts";
import { readable } from "./readable.ts";
import { readStored } from "./stored-delivery.ts";

/**
 * A page is looked for in rounds, each of which reads more entries than the one before: one in a hundred may be of
 * the webhook that is asked for. After these the page is short, not wrong. What they read takes less than a second
 * of CPU, and a small function has a sixth of one.
 */
const MAX_ROUNDS = 5;
const FIRST_ENTRIES = 32;
const GROWTH = 4;
const MAX_ROUND_ENTRIES = 1_000;
const MAX_ROUND_BYTES = 2_000_000;
/** How many deliveries are looked up for a page, and how many at a time: the keys of one BatchGetItem. */
const MAX_LOOKED_UP = 500;
const MAX_AT_ONCE = 100;
/** Of few that are missing, a page needs a few more. */
const MIN_AT_ONCE = 20;

/** Where a page ended: after a ledger entry, or inside it, after the first so many of its deliveries. */
export interface ListPosition {
  readonly sk: string;
  readonly taken?: number | undefined;
}

export interface DeliveryPage {
  readonly items: Delivery[];
  readonly next?: ListPosition;
}

export interface DeliveryFilter {
  readonly hookId?: string | undefined;
  readonly status?: DeliveryStatus | undefined;
}

interface Candidate {
  readonly queued: QueuedDelivery;
  readonly entry: StoredLedgerEntry;
}

/** Deliveries as people read them, newest first: the ledger says which there are, the records what came of them. */
export function createDeliveryList(deps: {
  readonly ledger: Pick<LedgerReader, "newest">;
  readonly tableName: string;
  readonly read: BatchReader;
  /** Epoch milliseconds. */
  readonly now: () => number;
}) {
  /** As the API shows it; undefined: it does not, or not here. */
  async function lookUp({ queued, entry }: Candidate): Promise<Delivery | undefined> {
    const item = await deps.read({ table: deps.tableName, key: deliveryKey(deliveryId(queued)) });
    if (!item) return notBegun(queued, entry, deps.now());
    const [found] = readable([item], readStored);
    return found && !isListedEarlier(found, entry, deps.now()) ? found : undefined;
  }

  /** Up to `limit` deliveries of an account that the filter lets through, newest fan-out first. */
  return async function page(
    account: string,
    limit: number,
    { hookId, status }: DeliveryFilter,
    from?: ListPosition,
  ): Promise<DeliveryPage> {
    const items = new Map<string, Delivery>();
    let position = from;
    let entriesToRead = FIRST_ENTRIES;
    let lookUpsLeft = MAX_LOOKED_UP;
    for (let round = 0; round < MAX_ROUNDS; round++) {
      const before = position && beforeOf(position);
      const { entries, last, isEnd, bytes } = await deps.ledger.newest(account, {
        ...{ limit: entriesToRead, before, hookId },
      });
      const found = firstOf(candidatesOf(entries, hookId, position), lookUpsLeft + 1);
      const affordable = found.slice(0, lookUpsLeft);
      const atOnce = status === undefined ? Math.max(MIN_AT_ONCE, limit - items.size) : MAX_AT_ONCE;
      for (const some of chunks(affordable, atOnce)) {
        const shown = await Promise.all(some.map(lookUp));
        for (const [index, candidate] of some.entries()) {
          position = positionOf(candidate);
          const one = shown[index];
          if (one && (status ?? one.status) === one.status) items.set(one.id, one);
          const isLast = isEnd && candidate === found.at(-1);
          if (items.size === limit && !isLast) return { items: [...items.values()], next: position };
        }
      }
      lookUpsLeft -= affordable.length;
      if (found.length > affordable.length) break;
      if (isEnd) return { items: [...items.values()] };
      position = last === undefined ? position : { sk: last };
      const mostEntries = Math.min(MAX_ROUND_ENTRIES, entriesIn(MAX_ROUND_BYTES, entriesToRead, bytes));
      entriesToRead = Math.min(entriesToRead * GROWTH, mostEntries);
    }
    return { items: [...items.values()], ...(position && { next: position }) };
  };
}

/** One space above the sort key: an entry that a page ended inside is read again. */
const beforeOf = ({ sk, taken }: ListPosition) => (taken === undefined ? sk : `${sk} `);

const positionOf = ({ queued, entry }: Candidate): ListPosition => ({
  sk: entry.sk,
  taken: queued.index + 1,
});

/** How many entries like those, of which so many took so many bytes, take at most `maxBytes`. */
const entriesIn = (maxBytes: number, entries: number, bytes: number): number =>
  Math.max(2, Math.floor((maxBytes * entries) / Math.max(bytes, 1)));

function* candidatesOf(
  entries: readonly StoredLedgerEntry[],
  hookId: string | undefined,
  from: ListPosition | undefined,
): Generator<Candidate, undefined> {
  for (const entry of entries) {
    const taken = entry.sk === from?.sk ? (from.taken ?? 0) : 0;
    for (const queued of queuedDeliveries(entry, hookId)) if (queued.index >= taken) yield { queued, entry };
  }
}

/** Not all: an entry stands for up to thousands. */
function firstOf<Item>(items: Iterable<Item>, count: number): Item[] {
  const first: Item[] = [];
  for (const item of items) {
    first.push(item);
    if (first.length === count) break;
  }
  return first;
}
