import { createHash } from "node:crypto";
import type { DynamoDBDocumentClient } from "@aws-sdk/lib-dynamodb";
import { nanoid } from "nanoid";
import * as z from "zod";
import { chunks } from "../domain/chunks.ts";
import { type LedgerEntry, ledgerEntry } from "../domain/ledger.ts";
import type { BatchWriter, Item } from "./batch-table.ts";
import { coalesce } from "./coalesce.ts";
import { expiry } from "./delivery-table.ts";
import { type Owner, scanTimeline, type TimelineRange, timelineKey } from "./timeline.ts";

/**
 * Ledger entries stand in the deliveries table, on a timeline of their account, under the time of the fan-out,
 * and expire before the deliveries that they account for.
 */
const ledgerOwner = (account: string): Owner => ({ account: `ledger#${account}`, hookId: "fan-out" });

/** Far below the 400 KB of a DynamoDB item, whatever the URLs. */
const MAX_ENDPOINT_BYTES = 100_000;
const MAX_EVENTS = 1_000;

const stored = ledgerEntry.extend({ fanned_out_at: z.iso.datetime() });
export type StoredLedgerEntry = z.infer<typeof stored>;

/**
 * Records what a fan-out has queued. Fan-outs that end together share a write, and those to the same endpoints
 * an item: on the happy path one small write for each batch of the events queue.
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
      fanned_out_at,
      expires_at: expiry(fanned_out_at, deps.ttlDays),
    };
  }

  return coalesce<LedgerEntry, undefined>(async (entries) => {
    const items = merge(entries).flatMap(split).map(toItem);
    const { tableName: table } = deps;
    await deps.write(
      items.map((item) => ({ table, key: { pk: String(item.pk), sk: String(item.sk) }, item })),
    );
    return entries.map(() => undefined);
  });
}

/** Those of one account and the same endpoints as one. */
function merge(entries: readonly LedgerEntry[]): LedgerEntry[] {
  const groups = Object.values(
    Object.groupBy(entries, ({ account, endpoints }) => `${account} ${digest(endpoints)}`),
  );
  return groups.flatMap((group) => {
    const [first] = group ?? [];
    if (!group || !first) return [];
    return { ...first, event_ids: [...new Set(group.flatMap(({ event_ids }) => event_ids))] };
  });
}

const digest = (value: unknown) => createHash("sha256").update(JSON.stringify(value)).digest("base64");

function split(entry: LedgerEntry): LedgerEntry[] {
  const sizeOf = (endpoint: LedgerEntry["endpoints"][number]) => Buffer.byteLength(JSON.stringify(endpoint));
  const { endpoints, event_ids } = entry;
  const parts = chunks(endpoints, endpoints.length, MAX_ENDPOINT_BYTES, sizeOf);
  return chunks(event_ids, MAX_EVENTS).flatMap((ids) =>
    // No endpoint wanted them: the events still count.
    (parts.length > 0 ? parts : [[]]).map((part) => ({ ...entry, event_ids: ids, endpoints: part })),
  );
}

/** Reads an account's ledger, by the time of the fan-out; `before` is exclusive. */
export function createLedgerReader(client: DynamoDBDocumentClient, tableName: string) {
  return async function* entries(
    account: string,
    range: Pick<TimelineRange, "since" | "before">,
  ): AsyncGenerator<StoredLedgerEntry, undefined> {
    for await (const row of scanTimeline(client, tableName, ledgerOwner(account), range))
      yield stored.parse(row);
  };
}
