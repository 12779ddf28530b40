import { randomBytes } from "node:crypto";
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
import { deliveryIds, type LedgerEntry } from "../../shared/domain/ledger.ts";
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
  const entries = createLedgerReader(services.dynamoDb, tableName, () => Date.parse(now));
  for await (const entry of entries(account, { since: undefined, before: undefined, ...range }))
    found.push(entry);
  return found;
}

const endpoint = (n: number) => ({ hook_id: `hook-${n}`, url: `https://example.com/${n}` });
const entry = (account: string, event_ids: string[], endpoints: number[]): LedgerEntry => ({
  account,
  event_ids,
  endpoints: endpoints.map(endpoint),
});

test("fan-outs of a batch share an item if they went to the same endpoints, and nothing else", async () => {
  const keep = writer();
  const entries = [
    entry("shared", ["a", "b"], [1, 2]),
    entry("shared", ["b", "c"], [1, 2]),
    entry("shared", ["d"], [3]),
    entry("shared", ["e"], []),
    entry("another", ["a"], [1, 2]),
  ];
  await Promise.all(entries.map(keep));
  const found = await read("shared");
  expect(found.map(({ event_ids }) => event_ids.join()).sort()).toEqual(["a,b,c", "d", "e"]);
  expect(await read("another")).toMatchObject([{ event_ids: ["a"] }]);
});

test("a fan-out that is too large for an item takes several, and none of it is left out", async () => {
  const ids = Array.from({ length: 1_100 }, (_, n) => `event-${n}`);
  // Hardly to be packed.
  const urlOf = () => `https://example.com/${randomBytes(1_425).toString("base64url")}`;
  const endpoints = Array.from({ length: 140 }, (_, n) => ({ hook_id: `hook-${n}`, url: urlOf() }));
  const large = { account: "large", event_ids: ids, endpoints };
  await writer()(large);
  const found = await read("large");
  expect(found.length).toBeGreaterThan(2);
  expect(found.flatMap(deliveryIds).sort()).toEqual(deliveryIds(large).sort());
});

test("a range has what was fanned out from its beginning to before its end", async () => {
  for (const minute of [10, 20, 30])
    await writer(`2026-11-23T12:${minute}:00.000Z`)(entry("ranged", [`at-${minute}`], [1]));
  const range = { since: "2026-11-23T12:20:00.000Z", before: "2026-11-23T12:30:00.000Z" };
  expect((await read("ranged", range)).map(({ event_ids }) => event_ids)).toEqual([["at-20"]]);
});

test("entries are spread over partition keys, and expire", async () => {
  for (let n = 0; n < 40; n++) await writer()(entry("busy", [`event-${n}`], [1]));
  const { Items = [] } = await services.dynamoDb.send(new ScanCommand({ TableName: tableName }));
  const mine = Items.filter(({ pk }) => String(pk).startsWith("ledger#busy#"));
  expect(new Set(mine.map(({ pk }) => pk)).size).toBeGreaterThan(4);
  expect(mine.every(({ expires_at }) => expires_at === Date.parse(AT) / 1000 + 30 * 86_400)).toBe(true);
});

test("an entry is left out once it has expired, whether or not it is deleted", async () => {
  await writer()(entry("expired", ["e"], [1]));
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
    keep(entry("throttled", ["a"], [1])),
    keep(entry("healthy", ["a"], [1])),
    keep(entry("throttled", ["b"], [2])),
    keep(entry("healthy", ["b"], [2])),
  ]);
  expect(outcomes.map(({ status }) => status)).toEqual(["rejected", "fulfilled", "rejected", "fulfilled"]);
  expect(await read("healthy")).toHaveLength(2);
});

test("the endpoints of a wide fan-out are stored in a fraction of their size, and read as they were", async () => {
  const endpoints = Array.from({ length: 10_000 }, (_, n) => ({
    hook_id: nanoid(),
    url: `https://customer-${n}.example.com/webhooks/claimr`,
  }));
  const wide = { account: "wide", event_ids: ["e"], endpoints };
  await writer()(wide);
  const { Items = [] } = await services.dynamoDb.send(new ScanCommand({ TableName: tableName }));
  const stored = Items.filter(({ pk }) => String(pk).startsWith("ledger#wide#"));
  const bytes = stored.reduce((sum, { endpoints: packed }) => sum + packed.length, 0);
  expect(bytes).toBeLessThan(Buffer.byteLength(JSON.stringify(endpoints)) / 4);
  expect((await read("wide")).flatMap(deliveryIds).sort()).toEqual(deliveryIds(wide).sort());
});

test("the endpoints of one webhook stay together", async () => {
  const urls = ["https://example.com/1", "https://example.com/2"];
  const endpoints = ["a", "b"].flatMap((hook_id) => urls.map((url) => ({ hook_id, url })));
  await writer()({ account: "grouped", event_ids: ["e"], endpoints });
  expect(await read("grouped")).toMatchObject([{ endpoints }]);
});

test("an entry of before, with its endpoints as they are, is still read", async () => {
  const old = entry("old", ["e"], [1, 2]);
  const expires_at = Date.parse(AT) / 1000 + 30 * 86_400;
  const Item = { pk: "ledger#old#fan-out#0", sk: `${AT}#id`, ...old, fanned_out_at: AT, expires_at };
  await services.dynamoDb.send(new PutCommand({ TableName: tableName, Item }));
  expect(await read("old")).toEqual([{ ...old, fanned_out_at: AT, expires_at }]);
});

test("a redelivery is read with the time it was taken up at", async () => {
  const givenUp = aDelivery({ id: "dlv_taken", status: "undelivered" });
  const taken_at = "2026-11-24T12:00:00.000Z";
  await createRedeliveryTable(services.dynamoDb, tableName, 30).restart(givenUp, "me", new Date(taken_at));
  const find = createAccountedDeliveries(tableName, createBatchReader(services.dynamoDb));
  expect(await find(givenUp.id)).toMatchObject({ status: "pending", taken_at });
});
