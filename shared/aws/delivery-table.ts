import { isDeepStrictEqual } from "node:util";
import { type DynamoDBDocumentClient, PutCommand } from "@aws-sdk/lib-dynamodb";
import { nanoid } from "nanoid";
import * as z from "zod";
import { chunks } from "../domain/chunks.ts";
import { type Delivery, delivery } from "../domain/delivery.ts";
import type { BatchReader, BatchWriter, Item } from "./batch-table.ts";
import { coalesce } from "./coalesce.ts";
import { whenConditionHolds } from "./conditional.ts";
import { type Owner, timelineKey } from "./timeline.ts";

/**
 * The deliveries table holds two kinds of items and no index.
 * - A delivery, under its own id: a copy of a message finds it with one read, and ids spread over all
 *   partitions.
 * - Log entries, on the webhook's timeline: which deliveries began when. Deliveries recorded together share
 *   one entry, so a full batch adds a tenth of a write to each, where an index would add a whole one.
 */
export const deliveryKey = (id: string) => ({ pk: id, sk: "delivery" });
export const logOwner = (owner: Owner): Owner => ({ ...owner, account: `log#${owner.account}` });

/** An entry stays well below DynamoDB's 1 KB write unit. */
const MAX_IDS_PER_ENTRY = 20;
export const logEntry = z.looseObject({ sk: z.string(), delivery_ids: z.array(z.string()) });

const DAY_SECONDS = 86_400;

/** TTL attribute in epoch seconds. @param from ISO time */
export const expiry = (from: string, ttlDays: number): number =>
  Math.floor(Date.parse(from) / 1000) + ttlDays * DAY_SECONDS;

interface Recorded {
  readonly delivery: Delivery;
  /** The delivery has no record yet, so the log has to learn of it. */
  readonly isNew: boolean;
  /** The record itself was written already, under a condition. */
  readonly isStored?: boolean;
}

export function createDeliveryTable(deps: {
  readonly client: DynamoDBDocumentClient;
  readonly tableName: string;
  readonly read: BatchReader;
  readonly write: BatchWriter;
  readonly ttlDays: number;
}) {
  const { client, tableName } = deps;

  /** What still has to happen, or to be dealt with by a person, does not expire. */
  function toItem(record: Delivery): Item {
    const settled = record.status === "delivered" || record.status === "cancelled";
    return {
      ...deliveryKey(record.id),
      ...record,
      ...(settled && { expires_at: expiry(record.updated_at, deps.ttlDays) }),
    };
  }

  function toLogEntry(group: readonly [Delivery, ...Delivery[]]): Item {
    const [{ account, hook_id: hookId, created_at }] = group;
    return {
      ...timelineKey(logOwner({ account, hookId }), created_at, nanoid(8)),
      delivery_ids: group.map(({ id }) => id),
      expires_at: expiry(created_at, deps.ttlDays),
    };
  }

  function toLogEntries(records: readonly Delivery[]): Item[] {
    const byWebhook = Object.groupBy(records, ({ account, hook_id }) => `${account}#${hook_id}`);
    return Object.values(byWebhook)
      .flatMap((group = []) => chunks(group, MAX_IDS_PER_ENTRY))
      .map(toLogEntry);
  }

  const record = coalesce<Recorded, undefined>(async (batch) => {
    const items = [
      ...batch.filter(({ isStored }) => !isStored).map((entry) => toItem(entry.delivery)),
      ...toLogEntries(batch.filter(({ isNew }) => isNew).map((entry) => entry.delivery)),
    ];
    await deps.write(
      items.map((item) => ({ table: tableName, key: { pk: String(item.pk), sk: String(item.sk) }, item })),
    );
    return batch.map(() => undefined);
  });

  async function find(id: string): Promise<Delivery | undefined> {
    const item = await deps.read({ table: tableName, key: deliveryKey(id) });
    return item && delivery.parse(item);
  }

  return {
    /** Strongly consistent; look-ups made together share a request. */
    find,

    /** Stores a delivery that is delivered: nothing that another copy knows can be better. */
    settle: (settled: Delivery, isNew: boolean): Promise<undefined> => record({ delivery: settled, isNew }),

    /** Puts a stored delivery on the log again, in case that failed when it was stored. Listed twice, it shows once. */
    relist: (stored: Delivery): Promise<undefined> =>
      record({ delivery: stored, isNew: true, isStored: true }),

    /**
     * Stores a delivery that has not arrived, unless another copy of its message has moved it on meanwhile.
     * @param attemptsBefore how many attempts it had when it was read
     * @returns false when another copy did
     */
    async advance(moved: Delivery, attemptsBefore: number | undefined): Promise<boolean> {
      const isNew = attemptsBefore === undefined;
      const stored = await whenConditionHolds(
        client.send(
          new PutCommand({
            TableName: tableName,
            Item: toItem(moved),
            ...(isNew
              ? { ConditionExpression: "attribute_not_exists(pk)" }
              : {
                  ConditionExpression: "size(attempts) = :before AND #status IN (:retrying, :pending)",
                  ExpressionAttributeNames: { "#status": "status" },
                  ExpressionAttributeValues: {
                    ":before": attemptsBefore,
                    ":retrying": "retrying",
                    ":pending": "pending",
                  },
                }),
          }),
        ),
        async () => isDeepStrictEqual(await find(moved.id), moved),
      );
      if (stored && isNew) await record({ delivery: moved, isNew, isStored: true });
      return stored;
    },
  };
}
