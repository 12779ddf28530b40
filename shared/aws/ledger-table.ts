import { createHash } from "node:crypto";
import { deflateRawSync, inflateRawSync } from "node:zlib";
import type { DynamoDBDocumentClient } from "@aws-sdk/lib-dynamodb";
import { nanoid } from "nanoid";
import * as z from "zod";
import { chunks } from "../domain/chunks.ts";
import {
  type AccountedDelivery,
  accountedDelivery,
  type LedgerEntry,
  ledgerEntry,
} from "../domain/ledger.ts";
import type { BatchReader, BatchWriter, Item } from "./batch-table.ts";
import { coalesce } from "./coalesce.ts";
import { deliveryKey, expiry } from "./delivery-table.ts";
import { type Owner, scanTimeline, type TimelineRange, timelineKey } from "./timeline.ts";

/**
 * Ledger entries stand in the deliveries table, on a timeline of their account, under the time of the fan-out,
 * and expire as settled deliveries do: an entry before the deliveries that first came of it.
 */
const ledgerOwner = (account: string): Owner => ({ account: `ledger#${account}`, hookId: "fan-out" });

/**
 * Before packing. Even URLs that cannot be packed, with the event ids, stay below the 400 KB of a DynamoDB
 * item.
 */
const MAX_ENDPOINT_BYTES = 250_000;
const MAX_EVENTS = 1_000;

type Endpoint = LedgerEntry["endpoints"][number];

const webhook = z.object({ hook_id: z.string(), urls: z.array(z.string()) });

/**
 * Each webhook named once, and deflated: the URLs of an account are alike, and a write unit is one KB
 * (DynamoDB developer guide).
 */
function pack(endpoints: readonly Endpoint[]): Uint8Array {
  const webhooks = [...Map.groupBy(endpoints, ({ hook_id }) => hook_id)].map(
    ([hook_id, group]): z.infer<typeof webhook> => ({ hook_id, urls: group.map(({ url }) => url) }),
  );
  return deflateRawSync(JSON.stringify(webhooks));
}

const unpack = (packed: Uint8Array): Endpoint[] =>
  z
    .array(webhook)
    .parse(JSON.parse(inflateRawSync(packed).toString()))
    .flatMap(({ hook_id, urls }) => urls.map((url) => ({ hook_id, url })));

const stored = ledgerEntry.extend({
  fanned_out_at: z.iso.datetime(),
  /** Epoch seconds. */
  expires_at: z.number(),
  // Entries were once written with their endpoints as they are.
  endpoints: z.union([z.instanceof(Uint8Array).transform(unpack), ledgerEntry.shape.endpoints]),
});
export type StoredLedgerEntry = z.infer<typeof stored>;

/**
 * Records what a fan-out has queued. Fan-outs of an account that end together share a write, and those to the
 * same endpoints an item: on the happy path one small write for each batch of the events queue. An account
 * whose write fails fails alone.
 */
export function createLedgerWriter(deps: {
  readonly tableName: string;
  readonly write: BatchWriter;
  readonly ttlDays: number;
  readonly now: () => Date;
}) {
  function toItem(entry: LedgerEntry): Item {
    const fanned_out_at = deps.now().toISOString();
    return {
      ...timelineKey(ledgerOwner(entry.account), fanned_out_at, nanoid(8)),
      ...entry,
      endpoints: pack(entry.endpoints),
      fanned_out_at,
      expires_at: expiry(fanned_out_at, deps.ttlDays),
    };
  }

  async function writeSome(entries: readonly LedgerEntry[]): Promise<void> {
    const items = merge(entries).flatMap(split).map(toItem);
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
        writeSome(group).catch((cause: unknown) => {
          failures.set(account, new Error(`The ledger of ${account} was not written`, { cause }));
        }),
      ),
    );
    return entries.map(({ account }) => failures.get(account));
  });
}

/** Those to the same endpoints as one, all of one account. */
function merge(entries: readonly LedgerEntry[]): LedgerEntry[] {
  const groups = Map.groupBy(entries, ({ endpoints }) => digest(endpoints));
  return [...groups.values()].flatMap((group) =>
    group.slice(0, 1).map((first) => ({
      ...first,
      event_ids: [...new Set(group.flatMap(({ event_ids }) => event_ids))],
    })),
  );
}

const digest = (value: unknown) => createHash("sha256").update(JSON.stringify(value)).digest("base64");

function split(entry: LedgerEntry): LedgerEntry[] {
  const sizeOf = (endpoint: Endpoint) => Buffer.byteLength(JSON.stringify(endpoint));
  const { endpoints, event_ids } = entry;
  const parts = chunks(endpoints, endpoints.length, MAX_ENDPOINT_BYTES, sizeOf);
  return chunks(event_ids, MAX_EVENTS).flatMap((ids) =>
    // No endpoint wanted them: the events still count.
    (parts.length > 0 ? parts : [[]]).map((part) => ({ ...entry, event_ids: ids, endpoints: part })),
  );
}

/**
 * Reads an account's ledger, by the time of the fan-out; `before` is exclusive. What has expired is left out,
 * whether or not DynamoDB has come to delete it, which it does in no order: its deliveries may be gone.
 * @param now epoch milliseconds
 */
export function createLedgerReader(client: DynamoDBDocumentClient, tableName: string, now: () => number) {
  return async function* entries(
    account: string,
    range: Pick<TimelineRange, "since" | "before">,
  ): AsyncGenerator<StoredLedgerEntry, undefined> {
    for await (const row of scanTimeline(client, tableName, ledgerOwner(account), range)) {
      const entry = stored.parse(row);
      if (entry.expires_at * 1000 > now()) yield entry;
    }
  };
}

/** Finds a delivery as the ledger needs it; look-ups made together share requests. */
export const createAccountedDeliveries =
  (tableName: string, read: BatchReader) =>
  async (id: string): Promise<AccountedDelivery | undefined> => {
    const item = await read({ table: tableName, key: deliveryKey(id) });
    return item && accountedDelivery.parse(item);
  };
