import { type DynamoDBDocumentClient, GetCommand } from "@aws-sdk/lib-dynamodb";
import { type Delivery, delivery } from "../domain/delivery.ts";
import type { BatchReader } from "./batch-table.ts";
import { deliveryKey, logEntry, logOwner } from "./delivery-table.ts";
import { readable } from "./readable.ts";
import { type Owner, readTimeline } from "./timeline.ts";

/**
 * How many times the log is read on for one page, when a filter lets little through. The page is then short,
 * not wrong.
 */
const MAX_ROUNDS = 5;

/**
 * How many deliveries are read at a time: the keys of one BatchGetItem. A log entry names up to twenty, so that all
 * that a page's worth of entries names may be two thousand.
 */
const MAX_READ = 100;

/** Where a page ended: inside which log entry, and after how many of its deliveries. */
export interface LogPosition {
  readonly sk: string;
  readonly taken: number;
}

export interface LogPage {
  readonly items: Delivery[];
  readonly next?: LogPosition;
}

/** The deliveries table as people read it: newest first. The writing half is `delivery-table.ts`. */
export function createDeliveryLog(client: DynamoDBDocumentClient, tableName: string, read: BatchReader) {
  async function readEntries(owners: readonly Owner[], limit: number, from: LogPosition | undefined) {
    // One space above the sort key: the entry that the last page ended inside is read again. It may be used
    // up, so one entry more is asked for, or a small page would never get past it.
    const before = from && `${from.sk} `;
    const wanted = limit + 1;
    const rows = await readTimeline(client, tableName, owners.map(logOwner), { before, limit: wanted });
    const references = rows.flatMap((row) => {
      const { sk, delivery_ids } = logEntry.parse(row);
      return delivery_ids.map((id, index) => ({ id, position: { sk, taken: index + 1 } }));
    });
    const isUnread = ({ position }: (typeof references)[number]) =>
      position.sk !== from?.sk || position.taken > from.taken;
    // A delivery may be listed twice, in entries side by side.
    const shown = new Set(references.filter((reference) => !isUnread(reference)).map(({ id }) => id));
    const unread = references.filter(isUnread);
    const atEnd = rows.length < wanted && unread.length <= MAX_READ;
    return { unread: unread.slice(0, MAX_READ), shown, atEnd };
  }

  return {
    async find(id: string): Promise<Delivery | undefined> {
      const { Item } = await client.send(
        new GetCommand({ TableName: tableName, Key: deliveryKey(id), ConsistentRead: true }),
      );
      return Item && delivery.parse(Item);
    },

    /** Up to `limit` deliveries of these webhooks that `matches` lets through, newest first. */
    async page(
      owners: readonly Owner[],
      limit: number,
      matches: (candidate: Delivery) => boolean,
      from?: LogPosition,
    ): Promise<LogPage> {
      const items = new Map<string, Delivery>();
      let position = from;
      for (let round = 0; round < MAX_ROUNDS; round++) {
        const { unread, shown, atEnd } = await readEntries(owners, limit, position);
        const stored = await Promise.all(
          unread.map(({ id }) => read({ table: tableName, key: deliveryKey(id) })),
        );
        for (const [index, reference] of unread.entries()) {
          position = reference.position;
          const [item] = readable(stored[index] ? [stored[index]] : [], (found) => delivery.parse(found));
          if (item && !shown.has(item.id) && matches(item)) items.set(item.id, item);
          const isLast = atEnd && index === unread.length - 1;
          if (items.size === limit && !isLast) return { items: [...items.values()], next: position };
        }
        if (atEnd) return { items: [...items.values()] };
      }
      return { items: [...items.values()], ...(position && { next: position }) };
    },
  };
}
