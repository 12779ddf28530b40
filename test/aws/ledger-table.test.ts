import { ScanCommand } from "@aws-sdk/lib-dynamodb";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createBatchWriter } from "../../shared/aws/batch-table.ts";
import { createLedgerReader, createLedgerWriter } from "../../shared/aws/ledger-table.ts";
import { deliveryIds, type LedgerEntry } from "../../shared/domain/ledger.ts";
import { AT } from "../support/factories.ts";
import { startServices } from "../support/services.ts";

let services: Awaited<ReturnType<typeof startServices>>;
let tableName: string;
beforeAll(async () => {
  services = await startServices();
  tableName = services.table("StorageDeliveries");
});
afterAll(() => services?.stop());

const writer = (now = AT) =>
  createLedgerWriter({
    ...{ tableName, write: createBatchWriter(services.dynamoDb), ttlDays: 30 },
    now: () => new Date(now),
  });

async function read(account: string, range = {}) {
  const found = [];
  const entries = createLedgerReader(services.dynamoDb, tableName);
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
  const ids = Array.from({ length: 1_500 }, (_, n) => `event-${n}`);
  const url = `https://example.com/${"x".repeat(1_900)}`;
  const endpoints = Array.from({ length: 120 }, (_, n) => ({ hook_id: `hook-${n}`, url }));
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
