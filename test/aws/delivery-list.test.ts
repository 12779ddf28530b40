import { PutCommand } from "@aws-sdk/lib-dynamodb";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type BatchReader, createBatchReader, createBatchWriter } from "../../shared/aws/batch-table.ts";
import {
  createDeliveryList,
  type DeliveryFilter,
  type ListPosition,
} from "../../shared/aws/delivery-list.ts";
import { createDeliveryTable } from "../../shared/aws/delivery-table.ts";
import { toLedgerItem } from "../../shared/aws/ledger-item.ts";
import { createLedgerReader, createLedgerWriter, type LedgerReader } from "../../shared/aws/ledger-table.ts";
import { type Delivery, deliveryId } from "../../shared/domain/delivery.ts";
import type { LedgerGroup } from "../../shared/domain/ledger.ts";
import { aDelivery } from "../support/factories.ts";
import { startServices } from "../support/services.ts";

const DAY_MS = 86_400_000;
const TTL_DAYS = 30;
const at = (second: number) => new Date(Date.UTC(2026, 10, 23, 12, 0, second)).toISOString();

let services: Awaited<ReturnType<typeof startServices>>;
let tableName: string;
let deliveries: ReturnType<typeof createDeliveryTable>;
let read: BatchReader;
let write: ReturnType<typeof createBatchWriter>;
beforeAll(async () => {
  services = await startServices();
  const client = services.dynamoDb;
  tableName = services.table("StorageDeliveries");
  read = createBatchReader(client);
  write = createBatchWriter(client);
  deliveries = createDeliveryTable({ client, tableName, read, write, ttlDays: TTL_DAYS });
});
afterAll(() => services?.stop());

let account = "";
let accounts = 0;
/** Every test has an account of its own. */
beforeEach(() => {
  account = `acme-${++accounts}`;
});

const url = "https://example.com/hook";
const of = (event_id: string, fields: Partial<Delivery> = {}): Delivery => {
  const base = aDelivery({ account, hook_id: "hook", url, event_id, ...fields });
  return { ...base, id: deliveryId(base) };
};
const group = (event_ids: string[], hooks = ["hook"]): LedgerGroup => ({
  ...{ scope: "user_activity", event_ids, endpoints: hooks.map((hook_id) => ({ hook_id, url })) },
});

/** Writes down a fan-out of the moment, whose publications were accepted a second before, if nothing else is said. */
const fanOut = (second: number, groups: LedgerGroup[], accepted_at = at(second - 1)) =>
  createLedgerWriter({ tableName, write, ttlDays: TTL_DAYS, now: () => new Date(at(second)) })({
    ...{ account, accepted_at, groups },
  });
const settle = (...records: Delivery[]) => Promise.all(records.map((record) => deliveries.settle(record)));
/** Fans out, and delivers at once. */
async function deliver(second: number, event_ids: string[], hooks = ["hook"]) {
  await fanOut(second, [group(event_ids, hooks)]);
  const fields = { status: "delivered", created_at: at(second) } as const;
  await settle(...event_ids.flatMap((id) => hooks.map((hook_id) => of(id, { hook_id, ...fields }))));
}

const listAt = (nowMs: number, reader = read) =>
  createDeliveryList({
    ledger: createLedgerReader(services.dynamoDb, tableName, () => nowMs),
    ...{ tableName, read: reader, now: () => nowMs },
  });
const NOW = Date.parse(at(59));

async function pages(limit: number, filter: DeliveryFilter = {}, nowMs = NOW, from?: ListPosition) {
  const seen: string[] = [];
  let position = from;
  for (let rounds = 0; rounds < 60; rounds++) {
    const { items, next } = await listAt(nowMs)(account, limit, filter, position);
    expect(items.length).toBeLessThanOrEqual(limit);
    seen.push(
      ...items.map(({ event_id, hook_id }) => (hook_id === "hook" ? event_id : `${event_id} ${hook_id}`)),
    );
    if (!next) return seen;
    position = next;
  }
  throw new Error("the pages do not end");
}

describe("the list", () => {
  test.each([1, 3, 7, 100])(
    "comes newest first in pages of %i that join without a gap or a repeat",
    async (limit) => {
      for (const [second, size] of [1, 4, 1, 30, 2].entries())
        await deliver(
          second,
          Array.from({ length: size }, (_, n) => `${second}-${n}`),
        );
      for (let second = 10; second < 50; second++) await fanOut(second, [group([`unwanted-${second}`], [])]);
      const seen = await pages(limit);
      expect(seen).toHaveLength(38);
      expect(new Set(seen).size).toBe(38);
      const seconds = seen.map((id) => Number(id.split("-")[0]));
      expect(seconds).toEqual(seconds.toSorted((a, b) => b - a));
    },
  );

  test.each([1, 2, 100])("has those of one webhook, or of all, in pages of %i", async (limit) => {
    await deliver(1, ["a", "b"], ["hook", "other"]);
    await deliver(2, ["c"], ["other"]);
    await deliver(3, ["d"]);
    expect(await pages(limit)).toEqual(["d", "c other", "a", "a other", "b", "b other"]);
    expect(await pages(limit, { hookId: "hook" })).toEqual(["d", "a", "b"]);
    expect(await pages(limit, { hookId: "other" })).toEqual(["c other", "a other", "b other"]);
    expect(await pages(limit, { hookId: "ho" })).toEqual([]);
  });

  test("is filtered by what a delivery is now, not by what it was", async () => {
    const ids = Array.from({ length: 12 }, (_, n) => `f-${n}`);
    await fanOut(1, [group(ids)]);
    for (const id of ids) await deliveries.advance(of(id), undefined);
    await settle(of("f-5", { status: "delivered" }));
    expect(await pages(2, { status: "delivered" })).toEqual(["f-5"]);
    expect(await pages(2, { status: "retrying" })).toHaveLength(11);
  });

  test("of another account is another list", async () => {
    await deliver(1, ["mine"]);
    account = "somebody-else";
    expect(await pages(10)).toEqual([]);
  });

  test("goes on by a position of the time when deliveries were logged one by one, or of an entry that is gone", async () => {
    for (const second of [1, 2, 3]) await deliver(second, [`e-${second}`]);
    expect(await pages(1, {}, NOW, { sk: `${at(3)}#!`, taken: 7 })).toEqual(["e-2", "e-1"]);
  });

  test("has no entry that cannot be read, and all others", async () => {
    await deliver(1, ["a"]);
    const Item = { pk: `ledger#${account}#fan-out#0`, sk: `${at(2)}#AAAAAAAA`, account, groups: 42 };
    await services.dynamoDb.send(new PutCommand({ TableName: tableName, Item }));
    expect(await pages(1)).toEqual(["a"]);
  });
});

describe("a delivery that nothing is stored of", () => {
  test("waits for its first attempt, and can be asked for as pending", async () => {
    await deliver(1, ["done"]);
    await fanOut(2, [group(["waiting"])]);
    const { items } = await listAt(NOW)(account, 10, { status: "pending" });
    expect(items).toEqual([
      of("waiting", {
        ...{ status: "pending", attempts: [], next_attempt_at: null },
        ...{ created_at: at(2), updated_at: at(2) },
      }),
    ]);
    expect(await pages(10)).toEqual(["waiting", "done"]);
  });

  test("is not said to wait when no queue holds its message any more: its record has expired", async () => {
    await fanOut(1, [group(["old"])]);
    const fannedOutAt = Date.parse(at(1));
    expect(await pages(10, {}, fannedOutAt + 14 * DAY_MS)).toEqual(["old"]);
    expect(await pages(10, {}, fannedOutAt + 14 * DAY_MS + 1)).toEqual([]);
  });

  test("is left out where its entry does not tell its scope, as those of before do not", async () => {
    await fanOut(1, [{ ...group(["unscoped", "recorded"]), scope: undefined }]);
    await settle(of("recorded", { status: "delivered" }));
    expect(await pages(10)).toEqual(["recorded"]);
  });
});

describe("a delivery whose event was fanned out twice is shown once", () => {
  test.each([1, 2, 100])(
    "where it was first, if it was published again after it was begun; in pages of %i",
    async (limit) => {
      await deliver(1, ["twice", "old"]);
      await deliver(10, ["between"]);
      await fanOut(20, [group(["twice", "new"])]);
      expect(await pages(limit)).toEqual(["new", "between", "twice", "old"]);
    },
  );

  test("on a page, if it was not", async () => {
    await fanOut(1, [group(["twice"])]);
    await fanOut(2, [group(["twice"])], at(0));
    expect(await pages(100)).toEqual(["twice"]);
    await settle(of("twice", { status: "delivered", created_at: at(3) }));
    expect(await pages(100)).toEqual(["twice"]);
  });

  test("where it is now, once the first entry has expired", async () => {
    const later = 20 * DAY_MS;
    await fanOut(1, [group(["kept"])]);
    await settle(of("kept", { status: "undelivered", created_at: at(1) }));
    await fanOut(1 + later / 1000, [group(["kept"])]);
    expect(await pages(1, {}, NOW + later)).toEqual(["kept"]);
    expect(await pages(1, {}, NOW + 31 * DAY_MS)).toEqual(["kept"]);
  });

  test("although its fan-out was repeated for days before it was written down", async () => {
    await settle(of("late", { status: "delivered", created_at: at(2) }));
    await fanOut(3 * 86_400, [group(["late"])], at(1));
    expect(await pages(10, {}, NOW + 3 * DAY_MS)).toEqual(["late"]);
  });
});

describe("no page takes longer than a caller waits", () => {
  const counting = () => {
    const counts = { reads: 0 };
    const reader: BatchReader = (sought) => {
      counts.reads++;
      return read(sought);
    };
    return { counts, page: listAt(NOW, reader) };
  };

  test("when entries name many, and a filter lets few through", async () => {
    const ids = Array.from({ length: 700 }, (_, n) => `many-${n}`);
    await fanOut(1, [group(ids)]);
    await settle(...ids.map((id, n) => of(id, { status: n % 350 === 7 ? "cancelled" : "delivered" })));
    const { counts, page } = counting();
    const { items, next } = await page(account, 100, { status: "retrying" });
    expect([items, counts.reads]).toEqual([[], 500]);
    expect(next).toBeDefined();
    counts.reads = 0;
    expect((await page(account, 20, {})).items).toHaveLength(20);
    expect(counts.reads).toBe(20);
    // Nothing is passed over for it.
    expect(await pages(100, { status: "cancelled" })).toHaveLength(2);
    expect(new Set(await pages(100))).toHaveProperty("size", 700);
  });

  test.each([200, 20_000, 150_000])(
    "when a webhook is in none of a busy account's entries, of %i bytes each: it is told to go on from there",
    async (bytesEach) => {
      let entries = 0;
      const endless: Pick<LedgerReader, "newest"> = {
        async newest(_account, { limit }) {
          entries += limit;
          return { entries: [], last: `${at(1)}#${entries}`, isEnd: false, bytes: limit * bytesEach };
        },
      };
      const page = createDeliveryList({ ledger: endless, tableName, read, now: () => NOW });
      expect(await page(account, 100, { hookId: "rare" })).toEqual({
        ...{ items: [], next: { sk: `${at(1)}#${entries}` } },
      });
      expect(entries).toBeLessThan(3_000);
      // What is read before it is known how large they are, and then four times.
      expect(entries * bytesEach).toBeLessThanOrEqual(32 * bytesEach + 4 * 2_000_000);
    },
  );

  test("when a webhook is in few of many entries, all of which are found", async () => {
    const others = Array.from({ length: 400 }, (_, n) => n);
    const item = (n: number) => {
      const one = { ...group([`e-${n}`], [n % 100 === 7 ? "rare" : "other"]) };
      return toLedgerItem({ account, accepted_at: at(0), groups: [one] }, at(n / 10), TTL_DAYS);
    };
    await write(
      others
        .map(item)
        .map((one) => ({ table: tableName, key: { pk: String(one.pk), sk: String(one.sk) }, item: one })),
    );
    expect(await pages(3, { hookId: "rare" })).toEqual([307, 207, 107, 7].map((n) => `e-${n} rare`));
  });
});
