import { isDeepStrictEqual } from "node:util";
import { PutItemCommand } from "@aws-sdk/client-dynamodb";
import { type DynamoDBDocumentClient, GetCommand } from "@aws-sdk/lib-dynamodb";
import type { Delivery } from "../domain/delivery.ts";
import { type Item, toAttributes } from "./attributes.ts";
import type { BatchReader, BatchWriter } from "./batch-table.ts";
import { coalesce } from "./coalesce.ts";
import { whenConditionHolds } from "./conditional.ts";
import { DELIVERY_SK, readStored, type ToStored, toStored } from "./stored-delivery.ts";

/**
 * A delivery stands in the deliveries table under its own id: a copy of a message finds it with one read, and ids
 * spread over all partitions. There is no index: the ledger knows which deliveries there are.
 */
export const deliveryKey = (id: string) => ({ pk: id, sk: DELIVERY_SK });

const DAY_SECONDS = 86_400;

/** TTL attribute in epoch seconds. @param from ISO time */
export const expiry = (from: string, ttlDays: number): number =>
  Math.floor(Date.parse(from) / 1000) + ttlDays * DAY_SECONDS;

/** Finds one delivery, strongly consistent. Those who look up many together read them in batches. */
export const createDeliveryFinder =
  (client: DynamoDBDocumentClient, TableName: string) =>
  async (id: string): Promise<Delivery | undefined> => {
    const command = new GetCommand({ TableName, Key: deliveryKey(id), ConsistentRead: true });
    const { Item } = await client.send(command);
    return Item && readStored(Item);
  };

export function createDeliveryTable(deps: {
  readonly client: DynamoDBDocumentClient;
  readonly tableName: string;
  readonly read: BatchReader;
  readonly write: BatchWriter;
  readonly ttlDays: number;
  readonly form?: ToStored;
  /** How many deliveries may be stored together, if that is known. */
  readonly everyone?: () => number;
}) {
  const { client, tableName, form = toStored } = deps;

  /** What still has to happen, or to be dealt with by a person, does not expire. */
  function toItem(record: Delivery): Item {
    const settled = record.status === "delivered" || record.status === "cancelled";
    return {
      ...deliveryKey(record.id),
      ...form(record),
      ...(settled && { expires_at: expiry(record.updated_at, deps.ttlDays) }),
    };
  }

  const put = coalesce<Delivery, undefined>(async (records) => {
    const puts = records.map((record) => ({
      ...{ table: tableName, key: deliveryKey(record.id), item: toItem(record) },
    }));
    await deps.write(puts);
    return records.map(() => undefined);
  }, deps.everyone);

  async function find(id: string): Promise<Delivery | undefined> {
    const item = await deps.read({ table: tableName, key: deliveryKey(id) });
    return item && readStored(item);
  }

  return {
    /** Strongly consistent; look-ups made together share a request. */
    find,

    /** Stores a delivery that is delivered: nothing that another copy knows can be better. */
    settle: put,

    /**
     * Stores a delivery that has not arrived, unless another copy of its message has moved it on meanwhile.
     * @param attemptsBefore how many attempts it had when it was read
     * @returns false when another copy did
     */
    advance: (moved: Delivery, attemptsBefore: number | undefined): Promise<boolean> =>
      whenConditionHolds(
        client.send(
          new PutItemCommand({
            TableName: tableName,
            Item: toAttributes(toItem(moved)),
            ...(attemptsBefore === undefined
              ? { ConditionExpression: "attribute_not_exists(pk)" }
              : {
                  ConditionExpression: "size(attempts) = :before AND #status IN (:retrying, :pending)",
                  ExpressionAttributeNames: { "#status": "status" },
                  ExpressionAttributeValues: toAttributes({
                    ":before": attemptsBefore,
                    ":retrying": "retrying",
                    ":pending": "pending",
                  }),
                }),
          }),
        ),
        async () => isDeepStrictEqual(await find(moved.id), moved),
      ),
  };
}
