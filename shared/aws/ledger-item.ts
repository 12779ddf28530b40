import { deflateRawSync, inflateRawSync } from "node:zlib";
import { nanoid } from "nanoid";
import * as z from "zod/mini";
import { type LedgerEntry, type LedgerGroup, ledgerEntry, ledgerGroup } from "../domain/ledger.ts";
import type { Item } from "./attributes.ts";
import { expiry } from "./delivery-table.ts";
import { type Owner, timelineKey } from "./timeline.ts";

/**
 * Ledger entries stand in the deliveries table, on a timeline of their account, under the time of the fan-out,
 * and expire as settled deliveries do: an entry before the deliveries that first came of it.
 */
export const ledgerOwner = (account: string): Owner => ({ account: `ledger#${account}`, hookId: "fan-out" });

type Endpoint = LedgerGroup["endpoints"][number];

const packedGroup = z.object({
  scope: ledgerGroup.shape.scope,
  /** Without the quotes around each, a tenth is saved of what random ids take. */
  event_ids: z.pipe(
    z.string(),
    z.transform((text) => text.split(" ")),
  ),
  /** Each webhook's id, and its URLs. */
  webhooks: z.array(z.tuple([z.string()], z.string())),
});

/**
 * Each webhook named once, and deflated: the URLs of an account are alike, and a write unit is one KB
 * (DynamoDB developer guide).
 */
function pack(groups: readonly LedgerGroup[]): Uint8Array {
  const packed = groups.map(
    ({ scope, event_ids, endpoints }): z.input<typeof packedGroup> => ({
      scope,
      event_ids: event_ids.join(" "),
      webhooks: [...Map.groupBy(endpoints, ({ hook_id }) => hook_id)].map(([hook_id, group]) => [
        hook_id,
        ...group.map(({ url }) => url),
      ]),
    }),
  );
  return deflateRawSync(JSON.stringify(packed));
}

const unpack = (text: string): LedgerGroup[] =>
  z
    .array(packedGroup)
    .parse(JSON.parse(text))
    .map(({ webhooks, ...group }) => ({
      ...group,
      endpoints: webhooks.flatMap(([hook_id, ...urls]) => urls.map((url): Endpoint => ({ hook_id, url }))),
    }));

/** Entries were once written with one group each, its endpoints packed otherwise or as they are. */
const oldEndpoints = z.union([
  ledgerGroup.shape.endpoints,
  z.pipe(
    z.instanceof(Uint8Array),
    z.transform((packed) =>
      z
        .array(z.object({ hook_id: z.string(), urls: z.array(z.string()) }))
        .parse(JSON.parse(inflateRawSync(packed).toString()))
        .flatMap(({ hook_id, urls }) => urls.map((url): Endpoint => ({ hook_id, url }))),
    ),
  ),
]);

const stored = z.extend(z.omit(ledgerEntry, { groups: true }), {
  sk: z.string(),
  /** Epoch seconds. */
  expires_at: z.number(),
  groups: z.optional(z.instanceof(Uint8Array)),
});
const oldGroup = z.pipe(
  z.object({ event_ids: ledgerGroup.shape.event_ids, endpoints: oldEndpoints }),
  z.transform((group): LedgerGroup => ({ scope: undefined, ...group })),
);

export interface StoredLedgerEntry extends LedgerEntry {
  readonly sk: string;
  /** ISO time. */
  readonly fanned_out_at: string;
  /** Epoch seconds. */
  readonly expires_at: number;
}

/** @param fannedOutAt ISO time */
export function toLedgerItem(
  { account, accepted_at, groups }: LedgerEntry,
  fannedOutAt: string,
  ttlDays: number,
): Item {
  return {
    ...timelineKey(ledgerOwner(account), fannedOutAt, nanoid(8)),
    ...{ account, groups: pack(groups), expires_at: expiry(fannedOutAt, ttlDays) },
    ...(accepted_at !== undefined && { accepted_at }),
  };
}

/**
 * @param hookId for those who look for this webhook only: an entry that does not name it is read without its groups
 * @throws $ZodError
 */
export function readLedgerItem(item: Item, hookId?: string): StoredLedgerEntry {
  const { groups: packed, ...entry } = stored.parse(item);
  const fanned_out_at = entry.sk.slice(0, entry.sk.indexOf("#"));
  if (!packed) return { ...entry, fanned_out_at, groups: [oldGroup.parse(item)] };
  const text = inflateRawSync(packed).toString();
  const isOfUse = hookId === undefined || text.includes(JSON.stringify(hookId));
  return { ...entry, fanned_out_at, groups: isOfUse ? unpack(text) : [] };
}

/** What it takes up in the table, roughly. */
export const ledgerItemBytes = ({ groups, endpoints }: Item): number =>
  groups instanceof Uint8Array ? groups.length : JSON.stringify(endpoints ?? "").length;
