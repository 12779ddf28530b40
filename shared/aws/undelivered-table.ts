import { DeleteCommand, type DynamoDBDocumentClient, GetCommand } from "@aws-sdk/lib-dynamodb";
import type { Delivery, Undelivered } from "../domain/delivery.ts";
import type { BatchWriter } from "./batch-table.ts";
import { type OnUnreadable, readable } from "./readable.ts";
import {
  readStored,
  readStoredUndelivered,
  storedAttributes,
  type ToStored,
  toStored,
} from "./stored-delivery.ts";
import {
  countTimeline,
  type Owner,
  readTimeline,
  stableTimelineKey,
  type TimelineRange,
} from "./timeline.ts";

/** Given up means its last change, so the key can be made again from the delivery alone. */
const keyOf = ({ account, hook_id, updated_at, id }: Delivery) =>
  stableTimelineKey({ account, hookId: hook_id }, updated_at, id);

/** Keeps a delivery that was given up. Doing it twice leaves one row. */
export const createUndeliveredWriter =
  (tableName: string, write: BatchWriter, form: ToStored = toStored) =>
  async (givenUp: Delivery, body: string): Promise<void> => {
    const { pk, sk } = keyOf(givenUp);
    await write([{ table: tableName, key: { pk, sk }, item: { pk, sk, ...form(givenUp), body } }]);
  };

type Range = Pick<TimelineRange, "before" | "since">;
const KEY = ["pk", "sk"];

/** The undelivered table, on each webhook's timeline. Nothing in it expires: people deal with it. */
export function createUndeliveredTable(client: DynamoDBDocumentClient, tableName: string) {
  const read = (owners: readonly Owner[], range: TimelineRange) =>
    readTimeline(client, tableName, owners, range);

  return {
    /** @param givenUpAt ISO time; the delivery's last change, unless it has moved on since */
    async find(of: Delivery, givenUpAt = of.updated_at): Promise<Undelivered | undefined> {
      const { Item } = await client.send(
        new GetCommand({
          TableName: tableName,
          Key: keyOf({ ...of, updated_at: givenUpAt }),
          ConsistentRead: true,
        }),
      );
      return Item && readStoredUndelivered(Item);
    },

    /** Whether what was given up has its row. */
    async has(givenUp: Delivery): Promise<boolean> {
      const { Item } = await client.send(
        new GetCommand({
          TableName: tableName,
          Key: keyOf(givenUp),
          ConsistentRead: true,
          ProjectionExpression: "pk",
        }),
      );
      return Item !== undefined;
    },

    /**
     * Newest first, without the bodies. `until` is exclusive; `before` is the sort key that the page before
     * ended with.
     */
    async page(
      owners: readonly Owner[],
      limit: number,
      range: Range & { until?: string | undefined },
    ): Promise<{ items: Delivery[]; next?: string }> {
      const { before = range.until, since } = range;
      const rows = await read(owners, { before, since, limit: limit + 1, attributes: storedAttributes });
      const last = rows.length > limit ? rows[limit - 1] : undefined;
      return {
        items: readable(rows.slice(0, limit), readStored),
        ...(last && { next: last.sk }),
      };
    },

    /** The newest sort keys of a range. */
    async keys(owner: Owner, limit: number, range: Range): Promise<string[]> {
      return (await read([owner], { ...range, limit, attributes: KEY })).map(({ sk }) => sk);
    },

    /** All rows of a range, with their bodies. @param onUnreadable is told of each that cannot be read */
    async rows(owner: Owner, range: Range, onUnreadable?: OnUnreadable): Promise<Undelivered[]> {
      return readable(await read([owner], range), readStoredUndelivered, onUnreadable);
    },

    /** @returns undefined when there are too many to count until `giveUpAt` (epoch milliseconds) */
    count: (owner: Owner, range: Range, giveUpAt: number): Promise<number | undefined> =>
      countTimeline(client, tableName, [owner], range, giveUpAt),

    /** Doing it twice is harmless. */
    async remove(row: Delivery): Promise<void> {
      await client.send(new DeleteCommand({ TableName: tableName, Key: keyOf(row) }));
    },
  };
}
