import { randomBytes } from "node:crypto";
import { deflateRawSync } from "node:zlib";
import { PutCommand, ScanCommand } from "@aws-sdk/lib-dynamodb";
import { nanoid } from "nanoid";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type BatchWriter, createBatchReader, createBatchWriter } from "../../shared/aws/batch-table.ts";
import {
  createAccountedDeliveries,
  createLedgerReader,
  createLedgerWriter,
} from "../../shared/aws/ledger-table.ts";
import { createRedeliveryTable } from "../../shared/aws/redelivery-table.ts";
import { deliveryIds, type LedgerEntry, type LedgerGroup } from "../../shared/domain/ledger.ts";
import { AT, aDelivery } from "../support/factories.ts";
import { startServices } from "../support/services.ts";

let services: Awaited<ReturnType<typeof startServices>>;
let tableName: string;
beforeAll(async () => {
  services = await startServices();
  tableName = services.table("StorageDeliveries");
});
afterAll(() => services?.stop());

const DAY_MS = 86_400_000;
const writer = (now = AT, write: BatchWriter = createBatchWriter(services.dynamoDb)) =>
  createLedgerWriter({
    ...{ tableName, write, ttlDays: 30 },
    now: () => new Date(now),
  });

async function read(account: string, range = {}, now = AT) {
  const found = [];
  const reader = createLedgerReader(services.dynamoDb, tableName, () => Date.parse(now));
  for await (const entry of reader.all(account, { since: undefined, before: undefined, ...range }))
    found.push(entry);
  return found;
}
const eventsOf = async (account: string, range = {}) =>
  (await read(account, range)).map(({ groups }) => groups.map(({ event_ids }) => event_ids.join()).sort());

const endpoint = (n: number) => ({ hook_id: `hook-${n}`, url: `https://example.com/${n}` });
const scope = "referral";
const entry = (
  account: string,
  event_ids: string[],
  endpoints: LedgerGroup["endpoints"],
  fields: Partial<LedgerGroup> = {},
): LedgerEntry => ({
  ...{ account, accepted_at: AT },
  groups: [{ scope, event_ids, endpoints, ...fields }],
});
const to = (...numbers: number[]) => numbers.map(endpoint);

/** The write units that an item takes: its names and values, rounded up to whole KB (DynamoDB developer guide). */
const unitsOf = (item: Record<string, unknown>) =>
  Math.ceil(
    Object.entries(item).reduce((sum, [name, value]) => {
      // Numbers take at most a byte for two digits and one more; texts and bytes what they are.
      const bytes = value instanceof Uint8Array ? value.length : Buffer.byteLength(String(value));
      return sum + Buffer.byteLength(name) + bytes;
    }, 0) / 1024,
  );

test("fan-outs of a batch share an item for each account, and those to the same endpoints a group", async () => {
  const keep = writer();
  const entries = [
    entry("shared", ["a", "b"], to(1, 2)),
    entry("shared", ["b", "c"], to(1, 2)),
    entry("shared", ["d"], to(3)),
    { account: "shared", groups: [] },
    entry("shared", ["e"], []),
    entry("shared", ["f"], [], { scope: "user_login" }),
    entry("another", ["a"], to(1, 2)),
  ];
  await Promise.all(entries.map(keep));
  expect(await eventsOf("shared")).toEqual([["a,b,c", "d", "e", "f"]]);
  expect(await eventsOf("another")).toEqual([["a"]]);
});

test("the scope is kept, and when the first of the publications was accepted", async () => {
  const keep = writer();
  const later = { ...entry("timed", ["b"], to(1)), accepted_at: "2026-11-23T12:00:09.000Z" };
  await Promise.all([later, entry("timed", ["a"], to(1))].map(keep));
  expect(await read("timed")).toMatchObject([{ accepted_at: AT, fanned_out_at: AT, groups: [{ scope }] }]);
});

const ids = (count: number) => Array.from({ length: count }, () => nanoid());
const urlOf = (n: number) => `https://customer-${n}.example.com/webhooks/claimr`;
const customers = (count: number) => ids(count).map((hook_id, n) => ({ hook_id, url: urlOf(n) }));

test.each<[string, number, (account: string) => LedgerEntry]>([
  ["1 event to 1 endpoint", 1, (account) => entry(account, ids(1), customers(1))],
  ["100 events to 1 endpoint", 2, (account) => entry(account, ids(100), customers(1))],
  [
    "100 events of 100 campaigns, to one endpoint each",
    5,
    (account) => ({
      account,
      groups: customers(100).map((one) => ({ scope, event_ids: ids(1), endpoints: [one] })),
    }),
  ],
  ["1 event to 1,000 endpoints", 22, (account) => entry(account, ids(1), customers(1_000))],
])("%s takes one item of at most %i write units", async (name, most, of) => {
  const account = name.replaceAll(/\W+/g, "-");
  await writer()(of(account));
  const { Items = [] } = await services.dynamoDb.send(new ScanCommand({ TableName: tableName }));
  const mine = Items.filter((item) => item.account === account);
  expect(mine).toHaveLength(1);
  expect(mine.reduce((sum, item) => sum + unitsOf(item), 0)).toBeLessThanOrEqual(most);
});

test("a fan-out that is too large for an item takes several, and none of it is left out", async () => {
  const events = Array.from({ length: 1_100 }, (_, n) => `event-${n}`);
  // Hardly to be packed.
  const longUrl = () => `https://example.com/${randomBytes(1_425).toString("base64url")}`;
  const endpoints = Array.from({ length: 140 }, (_, n) => ({ hook_id: `hook-${n}`, url: longUrl() }));
  const large = entry("large", events, endpoints);
  await writer()(large);
  const found = await read("large");
  expect(found.length).toBeGreaterThan(1);
  expect(found.flatMap(deliveryIds).sort()).toEqual(deliveryIds(large).sort());
});

test("a range has what was fanned out from its beginning to before its end", async () => {
  for (const minute of [10, 20, 30])
    await writer(`2026-11-23T12:${minute}:00.000Z`)(entry("ranged", [`at-${minute}`], to(1)));
  const range = { since: "2026-11-23T12:20:00.000Z", before: "2026-11-23T12:30:00.000Z" };
  expect(await eventsOf("ranged", range)).toEqual([["at-20"]]);
});

test("entries are spread over partition keys, and expire", async () => {
  for (let n = 0; n < 40; n++) await writer()(entry("busy", [`event-${n}`], to(1)));
  const { Items = [] } = await services.dynamoDb.send(new ScanCommand({ TableName: tableName }));
  const mine = Items.filter(({ pk }) => String(pk).startsWith("ledger#busy#"));
  expect(new Set(mine.map(({ pk }) => pk)).size).toBeGreaterThan(4);
  expect(mine.every(({ expires_at }) => expires_at === Date.parse(AT) / 1000 + 30 * 86_400)).toBe(true);
});

test("an entry is left out once it has expired, whether or not it is deleted", async () => {
  await writer()(entry("expired", ["e"], to(1)));
  const after = (ms: number) => new Date(Date.parse(AT) + 30 * DAY_MS + ms).toISOString();
  expect(await read("expired", {}, after(-1_000))).toHaveLength(1);
  expect(await read("expired", {}, after(0))).toEqual([]);
});

test("an account whose entries cannot be written fails alone, whatever it is written with", async () => {
  const write: BatchWriter = async (puts) => {
    if (puts.some(({ key }) => key.pk?.startsWith("ledger#throttled#"))) throw new Error("throttled");
    await createBatchWriter(services.dynamoDb)(puts);
  };
  const keep = writer(AT, write);
  const outcomes = await Promise.allSettled([
    keep(entry("throttled", ["a"], to(1))),
    keep(entry("healthy", ["a"], to(1))),
    keep(entry("throttled", ["b"], to(2))),
    keep(entry("healthy", ["b"], to(2))),
  ]);
  expect(outcomes.map(({ status }) => status)).toEqual(["rejected", "fulfilled", "rejected", "fulfilled"]);
  expect(await eventsOf("healthy")).toEqual([["a", "b"]]);
});

test("a wide fan-out is stored in a fraction of its size, and read as it was", async () => {
  const endpoints = customers(10_000);
  const wide = entry("wide", ["e"], endpoints);
  await writer()(wide);
  const { Items = [] } = await services.dynamoDb.send(new ScanCommand({ TableName: tableName }));
  const stored = Items.filter(({ account }) => account === "wide");
  const bytes = stored.reduce((sum, { groups }) => sum + groups.length, 0);
  expect(bytes).toBeLessThan(Buffer.byteLength(JSON.stringify(endpoints)) / 4);
  expect((await read("wide")).flatMap(deliveryIds).sort()).toEqual(deliveryIds(wide).sort());
});

test("the endpoints of one webhook stay together", async () => {
  const urls = ["https://example.com/1", "https://example.com/2"];
  const endpoints = ["a", "b"].flatMap((hook_id) => urls.map((url) => ({ hook_id, url })));
  await writer()(entry("grouped", ["e"], endpoints));
  expect(await read("grouped")).toMatchObject([{ groups: [{ endpoints }] }]);
});

test.each<[string, (endpoints: LedgerGroup["endpoints"]) => unknown]>([
  ["its endpoints as they are", (endpoints) => endpoints],
  [
    "its endpoints packed alone",
    (endpoints) =>
      deflateRawSync(JSON.stringify(endpoints.map(({ hook_id, url }) => ({ hook_id, urls: [url] })))),
  ],
])("an entry of before, of one group with %s, is still read", async (name, stored) => {
  const account = name.replaceAll(" ", "-");
  const group = { event_ids: ["e"], endpoints: to(1, 2) };
  const expires_at = Date.parse(AT) / 1000 + 30 * 86_400;
  const key = { pk: `ledger#${account}#fan-out#0`, sk: `${AT}#id` };
  const Item = {
    ...key,
    account,
    ...group,
    endpoints: stored(group.endpoints),
    fanned_out_at: AT,
    expires_at,
  };
  await services.dynamoDb.send(new PutCommand({ TableName: tableName, Item }));
  expect(await read(account)).toEqual([
    { account, sk: key.sk, fanned_out_at: AT, expires_at, groups: [group] },
  ]);
});

test("a redelivery is read with the time it was taken up at", async () => {
  const givenUp = aDelivery({ id: "dlv_taken", status: "undelivered" });
  const taken_at = "2026-11-24T12:00:00.000Z";
  await createRedeliveryTable(services.dynamoDb, tableName, 30).restart(givenUp, "me", new Date(taken_at));
  const find = createAccountedDeliveries(tableName, createBatchReader(services.dynamoDb));
  expect(await find(givenUp.id)).toMatchObject({ status: "pending", taken_at });
});
