import { type DynamoDBDocumentClient, PutCommand } from "@aws-sdk/lib-dynamodb";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { createBatchReader, createBatchWriter } from "../../shared/aws/batch-table.ts";
import { createDeliveryLog, type LogPosition } from "../../shared/aws/delivery-log.ts";
import { createDeliveryTable } from "../../shared/aws/delivery-table.ts";
import { createJobTable } from "../../shared/aws/job-table.ts";
import { createRedeliveryTable } from "../../shared/aws/redelivery-table.ts";
import { createUndeliveredTable, createUndeliveredWriter } from "../../shared/aws/undelivered-table.ts";
import { type Delivery, deliveryId } from "../../shared/domain/delivery.ts";
import type { RedeliveryJob } from "../../shared/domain/redelivery-job.ts";
import { aDelivery, anAttempt } from "../support/factories.ts";
import { startServices } from "../support/services.ts";

let services: Awaited<ReturnType<typeof startServices>>;
let deliveries: ReturnType<typeof createDeliveryTable>;
let deliveryLog: ReturnType<typeof createDeliveryLog>;
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
  deliveryLog = createDeliveryLog(client, tableName, read);
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
/** A client that repeats each command of a kind, as the SDK does after a 500, and gives the second answer. */
function loseFirstAnswer(client: DynamoDBDocumentClient, kind: typeof PutCommand): DynamoDBDocumentClient {
  const send = async (command: never) => {
    if ((command as unknown) instanceof kind) await client.send(command);
    return client.send(command);
  };
  return { send } as unknown as DynamoDBDocumentClient;
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
    const client = loseFirstAnswer(services.dynamoDb, PutCommand);
    const impatient = createDeliveryTable({
      ...{ client, tableName: services.table("StorageDeliveries"), read, write, ttlDays: 30 },
    });
    expect(await impatient.advance(stored("answer-lost"), undefined)).toBe(true);
    expect(await deliveries.find(stored("answer-lost").id)).toEqual(stored("answer-lost"));
  });

  test("that arrived is not made to look otherwise by a slower copy", async () => {
    const delivered = stored("won", { status: "delivered", next_attempt_at: null });
    await deliveries.settle(delivered, true);
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
    await deliveries.settle(settled, true);
    expect(await expiry(settled)).toBe(Date.parse(at(0)) / 1000 + 30 * 86_400);
  });
});

describe("the delivery log", () => {
  async function pages(limit: number, matches: (candidate: Delivery) => boolean = () => true) {
    const seen: string[] = [];
    let from: LogPosition | undefined;
    for (let rounds = 0; rounds < 50; rounds++) {
      const { items, next } = await deliveryLog.page([owner()], limit, matches, from);
      expect(items.length).toBeLessThanOrEqual(limit);
      seen.push(...items.map(({ event_id }) => event_id));
      if (!next) return seen;
      from = next;
    }
    throw new Error("the pages do not end");
  }

  test.each([1, 3, 7, 100])(
    "comes newest first in pages of %i that join without a gap or a repeat",
    async (limit) => {
      // Alone, in batches, and in one that is larger than a log entry takes.
      let second = 0;
      for (const size of [1, 4, 1, 30, 2]) {
        second++;
        const batch = Array.from({ length: size }, (_, n) =>
          stored(`${second}-${n}`, { status: "delivered", created_at: at(second) }),
        );
        await Promise.all(batch.map((one) => deliveries.settle(one, true)));
      }
      const seen = await pages(limit);
      expect(seen).toHaveLength(38);
      expect(new Set(seen).size).toBe(38);
      const seconds = seen.map((id) => Number(id.split("-")[0]));
      expect(seconds).toEqual(seconds.toSorted((a, b) => b - a));
    },
  );

  test.each([1, 2, 100])("shows a delivery once that is listed twice, in pages of %i", async (limit) => {
    for (const [second, id] of ["old", "twice", "new"].entries()) {
      const settled = stored(id, { status: "delivered", created_at: at(second) });
      await deliveries.settle(settled, true);
      if (id === "twice") await deliveries.relist(settled);
    }
    expect(await pages(limit)).toEqual(["new", "twice", "old"]);
  });

  test("filtered by what a delivery is now, not by what it was", async () => {
    for (let n = 0; n < 12; n++) await deliveries.advance(stored(`f-${n}`, { created_at: at(n) }), undefined);
    const recovered = stored("f-5", { created_at: at(5), status: "delivered" });
    await deliveries.settle(recovered, false);
    expect(await pages(2, ({ status }) => status === "delivered")).toEqual(["f-5"]);
    expect(await pages(2, ({ status }) => status === "retrying")).toHaveLength(11);
  });

  test("reads no more for a page than a caller can wait for, when entries name many and a filter few", async () => {
    const batch = Array.from({ length: 700 }, (_, n) =>
      stored(`many-${n}`, { status: n % 350 === 7 ? "cancelled" : "delivered", created_at: at(n % 3) }),
    );
    await Promise.all(batch.map((one) => deliveries.settle(one, true)));
    let reads = 0;
    const counted = createDeliveryLog(services.dynamoDb, services.table("StorageDeliveries"), (sought) => {
      reads++;
      return read(sought);
    });
    await counted.page([owner()], 100, ({ status }) => status === "pending");
    expect(reads).toBeLessThanOrEqual(500);
    reads = 0;
    expect((await counted.page([owner()], 20, () => true)).items).toHaveLength(20);
    expect(reads).toBeLessThanOrEqual(100);
    // Nothing is passed over for it.
    expect(await pages(100, ({ status }) => status === "cancelled")).toHaveLength(2);
    expect(new Set(await pages(100))).toHaveProperty("size", 700);
  });

  test("of another webhook is another log", async () => {
    await deliveries.settle(stored("mine"), true);
    expect((await deliveryLog.page([{ account: "acme", hookId: "none" }], 10, () => true)).items).toEqual([]);
    expect((await deliveryLog.page([{ account: "other", hookId: hook_id }], 10, () => true)).items).toEqual(
      [],
    );
  });
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
    const client = loseFirstAnswer(services.dynamoDb, PutCommand);
    const jobs = createJobTable(client, services.table("StorageDeliveries"));
    await jobs.create(job("lost"));
    const changed = await jobs.change(job("lost"), { slice: undefined, redelivered: 1 });
    expect(changed).toMatchObject({ version: 2, redelivered: 1 });
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

  test("is for one asker, who may repeat it, until an attempt is made; for another only long after", async () => {
    const redeliveries = createRedeliveryTable(services.dynamoDb, services.table("StorageDeliveries"), 30);
    const givenUp = stored("restart", { status: "undelivered", next_attempt_at: null, updated_at: at(1) });
    await deliveries.settle(givenUp, true);
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
  });

  test("is not for a row that is older than what the delivery was given up for last", async () => {
    const redeliveries = createRedeliveryTable(services.dynamoDb, services.table("StorageDeliveries"), 30);
    const givenUp = stored("older", { status: "undelivered", next_attempt_at: null, updated_at: at(2) });
    await deliveries.settle(givenUp, true);
    expect(await redeliveries.restart({ ...givenUp, updated_at: at(1) }, "me", now)).toBe(false);
  });
});
