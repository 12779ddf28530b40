import { createHash } from "node:crypto";
import type { DynamoDBDocumentClient } from "@aws-sdk/lib-dynamodb";
import { chunks } from "../domain/chunks.ts";
import type { AccountedDelivery, LedgerEntry, LedgerGroup } from "../domain/ledger.ts";
import type { BatchReader, BatchWriter } from "./batch-table.ts";
import { coalesce } from "./coalesce.ts";
import { deliveryKey } from "./delivery-table.ts";
import {
  ledgerItemBytes,
  ledgerOwner,
  readLedgerItem,
  type StoredLedgerEntry,
  toLedgerItem,
} from "./ledger-item.ts";
import { readable } from "./readable.ts";
import { readAccounted } from "./stored-delivery.ts";
import { readTimeline, scanTimeline, type TimelineRange } from "./timeline.ts";

/** Before packing. What cannot be packed stays, with its keys, below the 400 KB of a DynamoDB item. */
const MAX_ITEM_BYTES = 330_000;
const MAX_ENDPOINT_BYTES = 250_000;
const MAX_EVENTS = 1_000;

/**
 * Records what fan-outs have queued. Those of an account that end together share an item, and those of one scope
 * to the same endpoints a group in it: on the happy path one small write for each batch of the events queue. An
 * account whose write fails fails alone.
 */
export function createLedgerWriter(deps: {
  readonly tableName: string;
  readonly write: BatchWriter;
  readonly ttlDays: number;
  readonly now: () => Date;
  /** How many entries may come together, if that is known. */
  readonly everyone?: () => number;
}) {
  async function writeSome(account: string, entries: readonly LedgerEntry[]): Promise<void> {
    const fannedOutAt = deps.now().toISOString();
    const accepted_at = entries.map((entry) => entry.accepted_at).sort()[0];
    const groups = merge(entries.flatMap((entry) => entry.groups)).flatMap(split);
    const items = chunks(groups, groups.length, MAX_ITEM_BYTES, sizeOf).map((some) =>
      toLedgerItem({ account, accepted_at, groups: some }, fannedOutAt, deps.ttlDays),
    );
    const { tableName: table } = deps;
    await deps.write(
      items.map((item) => ({ table, key: { pk: String(item.pk), sk: String(item.sk) }, item })),
    );
  }

  return coalesce<LedgerEntry, undefined>(async (entries) => {
    const failures = new Map<string, Error>();
    const accounts = Map.groupBy(entries, ({ account }) => account);
    await Promise.all(
      [...accounts].map(([account, group]) =>
        writeSome(account, group).catch((cause: unknown) => {
          failures.set(account, new Error(`The ledger of ${account} was not written`, { cause }));
        }),
      ),
    );
    return entries.map(({ account }) => failures.get(account));
  }, deps.everyone);
}

/** Those of one scope to the same endpoints as one. */
function merge(groups: readonly LedgerGroup[]): LedgerGroup[] {
  const alike = Map.groupBy(groups, ({ scope, endpoints }) => digest([scope, endpoints]));
  return [...alike.values()].flatMap((some) =>
    some.slice(0, 1).map((first) => ({
      ...first,
      event_ids: [...new Set(some.flatMap(({ event_ids }) => event_ids))],
    })),
  );
}

const digest = (value: unknown) => createHash("sha256").update(JSON.stringify(value)).digest("base64");
const sizeOf = (value: unknown) => Buffer.byteLength(JSON.stringify(value));

function split(group: LedgerGroup): LedgerGroup[] {
  const { endpoints, event_ids } = group;
  const parts = chunks(endpoints, endpoints.length, MAX_ENDPOINT_BYTES, sizeOf);
  return chunks(event_ids, MAX_EVENTS).flatMap((ids) =>
    // No endpoint wanted them: the events still count.
    (parts.length > 0 ? parts : [[]]).map((part) => ({ ...group, event_ids: ids, endpoints: part })),
  );
}

export interface LedgerPage {
  readonly entries: readonly StoredLedgerEntry[];
  /** Sort key of the oldest row that was read, whether or not it is among the entries. */
  readonly last: string | undefined;
  /** There is nothing older. */
  readonly isEnd: boolean;
  /** How large the rows were, roughly. */
  readonly bytes: number;
}

/**
 * Reads an account's ledger, by the time of the fan-out; `before` is exclusive. What has expired is left out,
 * whether or not DynamoDB has come to delete it, which it does in no order: its deliveries may be gone.
 * @param now epoch milliseconds
 */
export function createLedgerReader(client: DynamoDBDocumentClient, tableName: string, now: () => number) {
  const isLive = ({ expires_at }: StoredLedgerEntry) => expires_at * 1000 > now();

  return {
    /** Every entry of a range, in whatever order. @throws $ZodError: an account has to be whole */
    async *all(
      account: string,
      range: Pick<TimelineRange, "since" | "before">,
    ): AsyncGenerator<StoredLedgerEntry, undefined> {
      for await (const row of scanTimeline(client, tableName, ledgerOwner(account), range)) {
        const entry = readLedgerItem(row);
        if (isLive(entry)) yield entry;
      }
    },

    /** The newest entries, newest first. @param hookId for those who look for this webhook only */
    async newest(
      account: string,
      { limit, before, hookId }: { limit: number; before?: string | undefined; hookId?: string | undefined },
    ): Promise<LedgerPage> {
      const rows = await readTimeline(client, tableName, [ledgerOwner(account)], { before, limit });
      return {
        entries: readable(rows, (row) => readLedgerItem(row, hookId)).filter(isLive),
        last: rows.at(-1)?.sk,
        isEnd: rows.length < limit,
        bytes: rows.reduce((sum, row) => sum + ledgerItemBytes(row), 0),
      };
    },
  };
}
export type LedgerReader = ReturnType<typeof createLedgerReader>;

/** Finds a delivery as the ledger needs it; look-ups made together share requests. */
export const createAccountedDeliveries =
  (tableName: string, read: BatchReader) =>
  async (id: string): Promise<AccountedDelivery | undefined> => {
    const item = await read({ table: tableName, key: deliveryKey(id) });
    return item && readAccounted(item);
  };
