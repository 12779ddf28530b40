import type { AttributeValue } from "@aws-sdk/client-dynamodb";
import * as z from "zod";
import type { RawItem } from "../items.ts";

/**
 * The tables of a backup in the order they are read and restored in. An undelivered event looks for its delivery. One
 * that is given up between the two is among the undelivered with its body; the other way round it would be missing.
 */
export const tableKinds = ["api-keys", "webhooks", "deliveries", "undelivered"] as const;
export type TableKind = (typeof tableKinds)[number];

export const keyNames: Readonly<Record<TableKind, readonly string[]>> = {
  "api-keys": ["key_hash"],
  webhooks: ["account", "hook_id"],
  deliveries: ["pk", "sk"],
  undelivered: ["pk", "sk"],
};

export const tableOutputs = {
  ApiKeysTable: z.string(),
  WebhooksTable: z.string(),
  DeliveriesTable: z.string(),
  UndeliveredTable: z.string(),
};
export const tableNames = (outputs: Readonly<Record<keyof typeof tableOutputs, string>>) =>
  ({
    "api-keys": outputs.ApiKeysTable,
    webhooks: outputs.WebhooksTable,
    deliveries: outputs.DeliveriesTable,
    undelivered: outputs.UndeliveredTable,
  }) satisfies Record<TableKind, string>;

/** Counters of the moment stand in the deliveries table; restored, they would be wrong. */
export const COUNTER_PREFIX = "usage#";

export const MANIFEST = "manifest.json";
const FORMAT = "claimr-webhooks backup";
const VERSION = 1;

export const manifest = z.object({
  format: z.literal(FORMAT, `must be "${FORMAT}"`),
  version: z.literal(VERSION, `must be ${VERSION}: use the version of this program that wrote it`),
  stage: z.string(),
  started_at: z.iso.datetime(),
  finished_at: z.iso.datetime(),
  tables: z.partialRecord(
    z.enum(tableKinds),
    z.object({
      items: z.int().nonnegative(),
      sha256: z.string().regex(/^[0-9a-f]{64}$/, "must be a SHA-256"),
    }),
  ),
});
export type Manifest = z.infer<typeof manifest>;
export const newManifest = (fields: Omit<Manifest, "format" | "version">): Manifest => ({
  format: FORMAT,
  version: VERSION,
  ...fields,
});

export const fileOf = (kind: TableKind) => `${kind}.ndjson`;

const bytes = z.base64().transform((text) => Uint8Array.from(Buffer.from(text, "base64")));

/** Strict: what this version does not know of DynamoDB is refused rather than dropped. */
const attribute: z.ZodType<AttributeValue> = z.lazy(() =>
  z.union([
    z.strictObject({ S: z.string() }),
    z.strictObject({ N: z.string() }),
    z.strictObject({ B: bytes }),
    z.strictObject({ SS: z.array(z.string()) }),
    z.strictObject({ NS: z.array(z.string()) }),
    z.strictObject({ BS: z.array(bytes) }),
    z.strictObject({ BOOL: z.boolean() }),
    z.strictObject({ NULL: z.boolean() }),
    z.strictObject({ M: z.record(z.string(), attribute) }),
    z.strictObject({ L: z.array(attribute) }),
  ]),
);
const line = z.strictObject({ Item: z.record(z.string(), attribute) });

/**
 * One item a line, as DynamoDB's own export to S3 writes them ("DynamoDB table export output format"). U+2028 and
 * U+2029, which JSON leaves as they are, end a line for some tools.
 */
export function toLine(Item: RawItem): string {
  const json = JSON.stringify({ Item }, (_, value: unknown) =>
    value instanceof Uint8Array ? Buffer.from(value).toString("base64") : value,
  );
  return `${json.replaceAll("\u2028", "\\u2028").replaceAll("\u2029", "\\u2029")}\n`;
}

/** @throws Error when the line is not an item of such a table; the message repeats nothing of it */
export function fromLine(kind: TableKind, text: string): RawItem {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    throw new Error("is no JSON");
  }
  const { data } = line.safeParse(parsed);
  if (!data) throw new Error("is no DynamoDB item");
  const missing = keyNames[kind].find((name) => data.Item[name]?.S === undefined);
  if (missing !== undefined) throw new Error(`has no key ${missing}`);
  return data.Item;
}
