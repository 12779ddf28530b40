import { describe, expect, test } from "vitest";
import { readStored, readStoredUndelivered } from "../../shared/aws/stored-delivery.ts";
import { readWebhook } from "../../shared/aws/webhook-table.ts";
import { apiKeyRecord } from "../../shared/domain/api-key.ts";
import { delivery, readDeliveryMessage, undelivered } from "../../shared/domain/delivery.ts";
import { readPublication } from "../../shared/domain/publication.ts";
import { redeliveryJob, redeliveryMessage } from "../../shared/domain/redelivery-job.ts";
import { fixtures } from "./fixtures.ts";
import { produce } from "./produce.ts";

const readers = {
  events: (message: unknown) => readPublication(JSON.stringify(message), new Date()),
  deliveries: (message: unknown) => readDeliveryMessage(JSON.stringify(message)),
  schedules: (message: unknown) => readDeliveryMessage(JSON.stringify(message)),
  redeliveries: (message: unknown) => redeliveryMessage.parse(message),
};
const itemReaders = {
  apiKeys: (item: unknown) => apiKeyRecord.parse(item),
  webhooks: (item: Record<string, unknown>) => readWebhook(item),
  deliveries: (item: Record<string, unknown>) => readStored(item),
  jobs: (item: unknown) => redeliveryJob.parse(item),
  undelivered: (item: Record<string, unknown>) => readStoredUndelivered(item),
};

describe.each(fixtures)("what $file holds, of $from.version", ({ messages, items }) => {
  test.each(Object.keys(readers) as (keyof typeof readers)[])("messages of %s are read", (kind) => {
    for (const message of messages[kind]) {
      expect(readers[kind](message)).toBeTruthy();
      // A newer version, still or already running beside this one, may say more.
      expect(readers[kind]({ ...message, of_a_later_version: { any: ["thing"] } })).toEqual(
        readers[kind](message),
      );
    }
  });
  test.each(Object.keys(itemReaders) as (keyof typeof itemReaders)[])("items of %s are read", (kind) => {
    for (const item of items[kind]) {
      const read = itemReaders[kind](item);
      expect(itemReaders[kind]({ ...item, of_a_later_version: { any: ["thing"] } })).toEqual(read);
    }
  });
});

test("without LEAN_ITEMS, today's code writes deliveries as the version did that knew no other form, and it reads the same", async () => {
  const [before, since] = [fixtures.find(({ file }) => file === "3.json"), fixtures.at(-1)];
  const { items } = await produce(false);
  expect(items).toEqual(before?.items);
  expect(items.deliveries.map((item) => delivery.parse(item))).toEqual(
    since?.items.deliveries.map(readStored),
  );
  expect(items.undelivered.map((item) => undelivered.parse(item))).toEqual(
    since?.items.undelivered.map(readStoredUndelivered),
  );
});

test("the newest fixture is what today's code writes: a changed shape needs a new one", async () => {
  const newest = fixtures.at(-1);
  const today = await produce();
  const help =
    "A message or an item has changed. Read docs/decisions/0010-changing-messages.md, leave the old fixtures as " +
    "they are, and add the next: node test/compat/produce.ts > test/compat/messages/<next number>.json";
  expect({ messages: newest?.messages, items: newest?.items }, help).toEqual(today);
});
