import { BatchWriteItemCommand, GetItemCommand, PutItemCommand } from "@aws-sdk/client-dynamodb";
import { type DynamoDBDocumentClient, PutCommand } from "@aws-sdk/lib-dynamodb";
import { unmarshall } from "@aws-sdk/util-dynamodb";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { createBatchReader, createBatchWriter } from "../../shared/aws/batch-table.ts";
import { createDeliveryTable } from "../../shared/aws/delivery-table.ts";
import { createJobTable } from "../../shared/aws/job-table.ts";
import { createRedeliveryTable } from "../../shared/aws/redelivery-table.ts";
import { storedForm } from "../../shared/aws/stored-delivery.ts";
import { stableTimelineKey } from "../../shared/aws/timeline.ts";
import { createUndeliveredTable, createUndeliveredWriter } from "../../shared/aws/undelivered-table.ts";
import { type Attempt, type Delivery, deliveryId } from "../../shared/domain/delivery.ts";
import type { RedeliveryJob } from "../../shared/domain/redelivery-job.ts";
import { itemBytes } from "../bench/counting/item-bytes.ts";
import { aDelivery, anAttempt } from "../support/factories.ts";
import { startServices } from "../support/services.ts";

let services: Awaited<ReturnType<typeof startServices>>;
let deliveries: ReturnType<typeof createDeliveryTable>;
let undelivered: ReturnType<typeof createUndeliveredTable>;
let keep: ReturnType<typeof createUndeliveredWriter>;
let read: ReturnType<typeof createBatchReader>;
let write: ReturnType<typeof createBatchWriter>;

beforeAll(async () => {
  services = await startServices();
  const client = services.dynamoDb;
  const tableName = services.table("StorageDeliveries");
  read = createBatchReader(client);
  write = createBatchWriter(client);
  deliveries = createDeliveryTable({ client, tableName, read, write, ttlDays: 30 });
  undelivered = createUndeliveredTable(client, services.table("StorageUndelivered"));
  keep = createUndeliveredWriter(services.table("StorageUndelivered"), write);
});
afterAll(() => services?.stop());

let hook_id = "hook-0";
let hooks = 0;
/** Every test has a webhook of its own. */
beforeEach(() => {
  hook_id = `hook-${++hooks}`;
});

function stored(event_id: string, fields: Partial<Delivery> = {}): Delivery {
  const base = aDelivery({ hook_id, event_id, ...fields });
  return { ...base, id: deliveryId(base) };
}
/** A client that repeats each put, as the SDK does after a 500, and gives the second answer; and how many it repeated. */
function loseFirstAnswer(client: DynamoDBDocumentClient) {
  const kinds = [PutCommand, PutItemCommand];
  let lost = 0;
  const send = async (command: never) => {
    if (kinds.some((kind) => (command as unknown) instanceof kind)) {
      await client.send(command);
      lost++;
    }
    return client.send(command);
  };
  return { client: { send } as unknown as DynamoDBDocumentClient, lost: () => lost };
}
/** What another copy of the same message would record. */
const slower = (record: Delivery): Delivery => ({ ...record, updated_at: at(59) });
const owner = () => ({ account: "acme", hookId: hook_id });
const at = (second: number) => new Date(Date.UTC(2026, 10, 23, 12, 0, second)).toISOString();

describe("a delivery", () => {
  test("that has not arrived is recorded only by the copy that saw it last", async () => {
    const first = stored("race");
    expect(await deliveries.advance(first, undefined)).toBe(true);
    expect(await deliveries.advance(slower(first), undefined)).toBe(false);
    const second = { ...first, attempts: [...first.attempts, anAttempt({ number: 2 })] };
    expect(await deliveries.advance(second, 1)).toBe(true);
    expect(await deliveries.advance(slower(second), 1)).toBe(false);
    expect(await deliveries.find(first.id)).toEqual(second);
  });

  test("whose record was stored although the answer was lost is not taken for another copy's", async () => {
    // The SDK repeats the write, whose condition its own first try has made false.
    const { client, lost } = loseFirstAnswer(services.dynamoDb);
    const impatient = createDeliveryTable({
      ...{ client, tableName: services.table("StorageDeliveries"), read, write, ttlDays: 30 },
    });
    expect(await impatient.advance(stored("answer-lost"), undefined)).toBe(true);
    expect(lost()).toBe(1);
    expect(await deliveries.find(stored("answer-lost").id)).toEqual(stored("answer-lost"));
  });

  test("that arrived is not made to look otherwise by a slower copy", async () => {
    const delivered = stored("won", { status: "delivered", next_attempt_at: null });
    await deliveries.settle(delivered);
    expect(await deliveries.advance(stored("won"), undefined)).toBe(false);
    expect(await deliveries.advance(stored("won"), 1)).toBe(false);
    expect((await deliveries.find(delivered.id))?.status).toBe("delivered");
  });

  test("expires once it is settled, and not before", async () => {
    const expiry = async ({ id }: Delivery) =>
      (await read({ table: services.table("StorageDeliveries"), key: { pk: id, sk: "delivery" } }))
        ?.expires_at;
    const waiting = stored("waiting");
    await deliveries.advance(waiting, undefined);
    expect(await expiry(waiting)).toBeUndefined();
    const settled = stored("settled", { status: "delivered", updated_at: at(0) });
    await deliveries.settle(settled);
    expect(await expiry(settled)).toBe(Date.parse(at(0)) / 1000 + 30 * 86_400);
  });
});

describe("what a delivery costs", () => {
  /** A client that takes down what is written, each item with its write units. */
  function watched() {
    const calls: { command: string; units: number[] }[] = [];
    // JSON is no smaller than what DynamoDB counts: names, values, and a byte or so for each of a list.
    const unitsOf = (item: unknown) => Math.ceil(Buffer.byteLength(JSON.stringify(item)) / 1024);
    const send = async (command: unknown) => {
      if (command instanceof BatchWriteItemCommand) {
        const puts = Object.values(command.input.RequestItems ?? {}).flat();
        const items = puts.map(({ PutRequest }) => unmarshall(PutRequest?.Item ?? {}));
        calls.push({ command: "BatchWrite", units: items.map(unitsOf) });
      }
      if (command instanceof PutItemCommand)
        calls.push({ command: "Put", units: [unitsOf(unmarshall(command.input.Item ?? {}))] });
      return services.dynamoDb.send(command as PutCommand);
    };
    const client = { send } as unknown as DynamoDBDocumentClient;
    const tableName = services.table("StorageDeliveries");
    const batches = { read, write: createBatchWriter(client) };
    return { calls, table: createDeliveryTable({ client, tableName, ...batches, ttlDays: 30 }) };
  }
  /** One event of ten webhooks. */
  const batch = (fields: Partial<Delivery>) =>
    Array.from({ length: 10 }, (_, n) => stored("wide", { ...fields, hook_id: `${hook_id}-${n}` }));

  test("ten that arrive together, each at another webhook: one call, and one write unit each", async () => {
    const { calls, table } = watched();
    await Promise.all(batch({ status: "delivered" }).map((one) => table.settle(one)));
    expect(calls).toEqual([{ command: "BatchWrite", units: Array(10).fill(1) }]);
  });

  test("one that fails: one call of one write unit, at its first attempt as at the next", async () => {
    const { calls, table } = watched();
    const [first] = batch({});
    if (!first) throw new Error("no delivery");
    await table.advance(first, undefined);
    await table.advance({ ...first, attempts: [...first.attempts, anAttempt({ number: 2 })] }, 1);
    expect(calls).toEqual(Array(2).fill({ command: "Put", units: [1] }));
  });
});

describe("what a delivery takes up, and with it what it costs", () => {
  const KIB = 1024;
  /** As on a stage: ids as they are made, a URL of some length, times to the millisecond. */
  const due = ["12:00:00.123", "12:00:05.347", "12:00:35.602", "12:01:36.018", "12:06:36.377"];
  const time = (of: string, plusMs = 0) => new Date(Date.parse(`2026-11-23T${of}Z`) + plusMs).toISOString();
  const made = (fields: Partial<Delivery>): Delivery => {
    const base = aDelivery({
      ...{ account: "acme-games", hook_id: "sKk2mT8xWq0bLr7VnYc3D", event_id: "lisjywHXKAq6yQe2bH6Pd" },
      ...{
        url: "https://hooks.acme-games.example/claimr/webhooks",
        created_at: time("12:00:00.258"),
        ...fields,
      },
    });
    return { ...base, id: deliveryId(base) };
  };
  const attemptsOf = (count: number, fields: Partial<Attempt> = {}) =>
    due.slice(0, count).map((of, index) =>
      anAttempt({
        ...{ number: index + 1, due_at: time(of), started_at: time(of, 17), duration_ms: 118, ...fields },
      }),
    );
  const delivered = made({
    ...{ status: "delivered", next_attempt_at: null, updated_at: time("12:00:00.258") },
    attempts: attemptsOf(1, { status: 200, error: null }),
  });
  const failedOften = made({
    ...{ status: "undelivered", reason: "all 5 attempts failed", next_attempt_at: null },
    ...{ attempts: attemptsOf(5), updated_at: time("12:06:36.512") },
  });
  const stored = async (table: string, { pk, sk }: Record<string, unknown>) => {
    const Key = { pk: { S: String(pk) }, sk: { S: String(sk) } };
    const TableName = services.table(table);
    return (await services.dynamoDb.send(new GetItemCommand({ TableName, Key }))).Item;
  };
  const bytesOf = async (of: Delivery) =>
    itemBytes(await stored("StorageDeliveries", { pk: of.id, sk: "delivery" }));

  test("delivered at once: 320 bytes, one write unit", async () => {
    await deliveries.settle(delivered);
    expect(await bytesOf(delivered)).toBeLessThanOrEqual(320);
  });

  test("failed five times: 550 bytes; with a line of each answer still one write unit", async () => {
    await deliveries.settle(failedOften);
    expect(await bytesOf(failedOften)).toBeLessThanOrEqual(550);
    const response = '{"error":"internal","message":"try again later"}';
    await deliveries.settle({ ...failedOften, attempts: attemptsOf(5, { response }) });
    expect(await bytesOf(failedOften)).toBeLessThanOrEqual(KIB);
  });

  test("its undelivered row, with a body of 1 KiB: two write units, and 400 bytes to spare", async () => {
    await keep(failedOften, "x".repeat(KIB));
    const [row] = await rowsOf(failedOften);
    expect(itemBytes(row)).toBeLessThanOrEqual(2 * KIB - 400);
  });

  test("spelled out, as versions read it that know no other form: a unit more for the row", async () => {
    const form = storedForm(false);
    await createUndeliveredWriter(
      services.table("StorageUndelivered"),
      write,
      form,
    )(failedOften, "x".repeat(KIB));
    const [row] = await rowsOf(failedOften);
    expect(itemBytes(row)).toBeGreaterThan(2 * KIB);
    expect(await undelivered.find(failedOften)).toEqual({ ...failedOften, body: "x".repeat(KIB) });
  });

  /** Raw, as DynamoDB has them. */
  async function rowsOf(of: Delivery) {
    const keys = await undelivered.keys({ account: of.account, hookId: of.hook_id }, 2, {});
    expect(keys).toHaveLength(1);
    const { pk } = stableTimelineKey({ account: of.account, hookId: of.hook_id }, of.updated_at, of.id);
    return Promise.all(keys.map((sk) => stored("StorageUndelivered", { pk, sk })));
  }
});

describe("the undelivered table", () => {
  test("keeps a row once, however often it is kept, with its body", async () => {
    const givenUp = stored("kept", {
      status: "undelivered",
      reason: "all 5 attempts failed",
      next_attempt_at: null,
    });
    await keep(givenUp, "{}");
    await keep(givenUp, "{}");
    expect((await undelivered.page([owner()], 10, {})).items).toEqual([givenUp]);
    expect(await undelivered.find(givenUp)).toEqual({ ...givenUp, body: "{}" });
  });

  test("is read by time range, in pages that join", async () => {
    const rows = Array.from({ length: 9 }, (_, n) =>
      stored(`u-${n}`, { status: "undelivered", updated_at: at(n) }),
    );
    await Promise.all(rows.map((row) => keep(row, "{}")));
    const range = { since: at(2), until: at(7) };
    const first = await undelivered.page([owner()], 3, range);
    const second = await undelivered.page([owner()], 3, { ...range, before: first.next });
    expect(first.items.map(({ event_id }) => event_id)).toEqual(["u-6", "u-5", "u-4"]);
    expect(second.items.map(({ event_id }) => event_id)).toEqual(["u-3", "u-2"]);
    expect(second.next).toBeUndefined();
  });

  test("has no gap where rows are so large that a query ends early", async () => {
    const rows = Array.from({ length: 24 }, (_, n) =>
      stored(`big-${n}`, { status: "undelivered", updated_at: at(n) }),
    );
    await Promise.all(rows.map((row) => keep(row, "x".repeat(390_000))));
    const { items } = await undelivered.page([owner()], 24, {});
    expect(items.map(({ event_id }) => event_id)).toEqual(rows.map(({ event_id }) => event_id).reverse());
  });
});

describe("batches", () => {
  test("of more than DynamoDB takes at once, with repeats and with keys that are not there", async () => {
    const table = services.table("StorageUndelivered");
    const key = (n: number) => ({ pk: `batch#${n % 130}`, sk: "x" });
    const items = Array.from({ length: 140 }, (_, n) => ({ table, key: key(n), item: { ...key(n), n } }));
    await write(items);
    const found = await Promise.all(
      [...items, ...items].map(({ key: sought }) => read({ table, key: sought })),
    );
    // Of two puts to one key the last one counts.
    expect(found.slice(0, 10).map((item) => item?.n)).toEqual([
      130, 131, 132, 133, 134, 135, 136, 137, 138, 139,
    ]);
    expect(found).toHaveLength(280);
    expect(await read({ table, key: { pk: "nobody", sk: "x" } })).toBeUndefined();
  });
});

describe("a redelivery job", () => {
  const job = (job_id: string): RedeliveryJob => ({
    ...{ job_id, account: "acme", hook_id, status: "running", since: undefined, until: at(0), per_second: 1 },
    ...{ matched: 1, redelivered: 0, skipped: 0, version: 1, created_at: at(0), updated_at: at(0) },
  });

  test("whose change was stored although the answer was lost goes on", async () => {
    const { client, lost } = loseFirstAnswer(services.dynamoDb);
    const jobs = createJobTable(client, services.table("StorageDeliveries"));
    await jobs.create(job("lost"));
    const changed = await jobs.change(job("lost"), { slice: undefined, redelivered: 1 });
    expect(changed).toMatchObject({ version: 2, redelivered: 1 });
    expect(lost()).toBeGreaterThan(0);
  });

  test("is changed by one of two at the same time", async () => {
    const jobs = createJobTable(services.dynamoDb, services.table("StorageDeliveries"));
    await jobs.create(job("raced"));
    const changes = await Promise.all(
      [1, 2].map((redelivered) => jobs.change(job("raced"), { redelivered })),
    );
    expect(changes.filter(Boolean)).toHaveLength(1);
    await jobs.create(job("raced"));
    expect(await jobs.find("raced")).toMatchObject({ version: 2 });
  });
});

describe("taking a given-up delivery up again", () => {
  const now = new Date(at(30));

  test.each([
    [true, true],
    [true, false],
    [false, true],
    [false, false],
  ])(
    "is for one asker, who may repeat it, until an attempt is made; for another only long after (stored lean: %s, then %s)",
    async (wasLean, isLean) => {
      const tableName = services.table("StorageDeliveries");
      const redeliveries = createRedeliveryTable(services.dynamoDb, tableName, 30, storedForm(isLean));
      const earlier = createDeliveryTable({
        ...{ client: services.dynamoDb, tableName, read, write, ttlDays: 30, form: storedForm(wasLean) },
      });
      const givenUp = stored("restart", { status: "undelivered", next_attempt_at: null, updated_at: at(1) });
      await earlier.settle(givenUp);
      expect(await redeliveries.restart(givenUp, "me", now)).toBe(true);
      expect(await redeliveries.restart(givenUp, "me", now)).toBe(true);
      expect(await redeliveries.restart(givenUp, "other", now)).toBe(false);
      expect(await redeliveries.restart(givenUp, "other", new Date(now.getTime() + 3_700_000))).toBe(true);
      expect((await deliveries.find(givenUp.id))?.status).toBe("pending");
      const failedAgain = {
        ...givenUp,
        attempts: [...givenUp.attempts, anAttempt({ number: 2 })],
        status: "retrying" as const,
      };
      expect(await deliveries.advance(failedAgain, 1)).toBe(true);
      expect(await redeliveries.restart(givenUp, "other", now)).toBe(false);
    },
  );

  test("is not for a row that is older than what the delivery was given up for last", async () => {
    const redeliveries = createRedeliveryTable(services.dynamoDb, services.table("StorageDeliveries"), 30);
    const givenUp = stored("older", { status: "undelivered", next_attempt_at: null, updated_at: at(2) });
    await deliveries.settle(givenUp);
    expect(await redeliveries.restart({ ...givenUp, updated_at: at(1) }, "me", now)).toBe(false);
  });
});
