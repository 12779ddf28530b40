import { BatchGetItemCommand, BatchWriteItemCommand } from "@aws-sdk/client-dynamodb";
import type { DynamoDBDocumentClient } from "@aws-sdk/lib-dynamodb";
import { unmarshall } from "@aws-sdk/util-dynamodb";
import { chunks } from "../domain/chunks.ts";
import { type Item, toAttributes } from "./attributes.ts";
import { coalesce, repeatUntilDone } from "./coalesce.ts";

/** Limits of BatchGetItem and BatchWriteItem (DynamoDB API reference). */
const MAX_READS = 100;
const MAX_WRITES = 25;
/** Those that belong together are made in one turn, and what they are for waits for them. */
const READ_LINGER_MS = 1;

export type Key = Readonly<Record<string, string>>;

interface Addressed {
  readonly table: string;
  readonly key: Key;
}
interface Put extends Addressed {
  readonly item: Item;
}

/** No attribute's name and no key has a NUL. */
const address = ({ table, key }: Addressed) => {
  let text = table;
  for (const name of Object.keys(key).sort()) text += `\0${name}\0${key[name]}`;
  return text;
};
/** The address of an item that a table answered with, whose key has the attributes of this one. */
const addressOfItem = (table: string, like: Key, item: Item) => {
  const key = Object.fromEntries(Object.keys(like).map((name) => [name, String(item[name])]));
  return address({ table, key });
};
/** One entry for each address, the last one given: DynamoDB refuses a batch that names an item twice. */
const unique = <Entry extends Addressed>(entries: readonly Entry[]): Entry[] => [
  ...new Map(entries.map((entry) => [address(entry), entry])).values(),
];

const byTable = <Entry extends Addressed, Request>(
  entries: readonly Entry[],
  request: (entry: Entry) => Request,
) =>
  Object.entries(Object.groupBy(entries, ({ table }) => table)).map(
    ([table, group = []]) => [table, group.map(request)] as const,
  );

export type GroupReader = ReturnType<typeof createGroupReader>;
export type BatchReader = (wanted: Addressed) => Promise<Item | undefined>;

/**
 * Reads of items, of any table, strongly consistent; reads made together share a BatchGetItem. Its items are not read
 * at one moment.
 * @param everyone how many reads there can be together, of one item or several each, if that is known
 */
export function createGroupReader(client: DynamoDBDocumentClient, everyone?: () => number) {
  async function readAll(groups: readonly (readonly Addressed[])[]): Promise<(Item | undefined)[][]> {
    const found = new Map<string, Item>();
    async function readSome(keys: readonly Addressed[]): Promise<readonly Addressed[]> {
      const requests = byTable(keys, ({ key }) => toAttributes(key)).map(
        ([table, Keys]) => [table, { Keys, ConsistentRead: true }] as const,
      );
      const answer = await client.send(
        new BatchGetItemCommand({ RequestItems: Object.fromEntries(requests) }),
      );
      const keyByTable = new Map(keys.map(({ table, key }) => [table, key]));
      for (const [table, items] of Object.entries(answer.Responses ?? {})) {
        for (const item of items.map((stored) => unmarshall(stored)))
          found.set(addressOfItem(table, keyByTable.get(table) ?? {}, item), item);
      }
      return Object.entries(answer.UnprocessedKeys ?? {}).flatMap(([table, { Keys = [] }]) =>
        Keys.map((key): Addressed => ({ table, key: unmarshall(key) })),
      );
    }
    const left = await Promise.all(
      chunks(unique(groups.flat()), MAX_READS).map((chunk) => repeatUntilDone(chunk, readSome)),
    );
    if (left.flat().length > 0) throw new Error("DynamoDB left reads unprocessed");
    return groups.map((wanted) => wanted.map((sought) => found.get(address(sought))));
  }

  return coalesce<readonly Addressed[], readonly (Item | undefined)[]>(readAll, everyone, READ_LINGER_MS);
}

export const readerOfOne =
  (read: GroupReader): BatchReader =>
  async (wanted) =>
    (await read([wanted]))[0];

/** Reads of single items. @see createGroupReader */
export const createBatchReader = (client: DynamoDBDocumentClient, everyone?: () => number): BatchReader =>
  readerOfOne(createGroupReader(client, everyone));

export type BatchWriter = ReturnType<typeof createBatchWriter>;

/** Unconditional puts, to any table; puts made together share BatchWriteItem calls. */
export function createBatchWriter(client: DynamoDBDocumentClient) {
  async function writeSome(puts: readonly Put[]): Promise<readonly Put[]> {
    const requests = byTable(puts, ({ item }) => ({ PutRequest: { Item: toAttributes(item) } }));
    const answer = await client.send(
      new BatchWriteItemCommand({ RequestItems: Object.fromEntries(requests) }),
    );
    const left = Object.entries(answer.UnprocessedItems ?? {}).flatMap(([table, unprocessed]) =>
      unprocessed.map(({ PutRequest }) => ({ table, item: unmarshall(PutRequest?.Item ?? {}) })),
    );
    if (left.length === 0) return [];
    return puts.filter(({ table, key }) =>
      left.some(
        (other) =>
          other.table === table && Object.entries(key).every(([name, value]) => other.item[name] === value),
      ),
    );
  }

  /** Resolves when all are stored. @throws when DynamoDB, asked repeatedly, still left some out */
  return async function writeAll(puts: readonly Put[]): Promise<void> {
    const left = await Promise.all(
      chunks(unique(puts), MAX_WRITES).map((chunk) => repeatUntilDone(chunk, writeSome)),
    );
    if (left.flat().length > 0) throw new Error("DynamoDB left writes unprocessed");
  };
}
