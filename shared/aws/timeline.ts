import { randomInt } from "node:crypto";
import { type DynamoDBDocumentClient, paginateQuery } from "@aws-sdk/lib-dynamodb";
import * as z from "zod/mini";

/**
 * A timeline keeps what happened to a webhook in order of time, without an index: partition key
 * `account#hook_id#shard`, sort key `<ISO time>#<id>`. One partition key takes 1,000 writes a second
 * (DynamoDB developer guide), so a busy webhook is spread over shards, and a reader merges them.
 */
const SHARDS = 8;

export interface Owner {
  readonly account: string;
  readonly hookId: string;
}

export interface TimelineKey {
  readonly pk: string;
  readonly sk: string;
}

const partition = ({ account, hookId }: Owner, shard: number) => `${account}#${hookId}#${shard}`;

/** The key of an entry that is written once. */
export const timelineKey = (owner: Owner, at: string, id: string): TimelineKey => ({
  pk: partition(owner, randomInt(SHARDS)),
  sk: `${at}#${id}`,
});

/** The key of an entry that may be written or looked up again: the shard follows from the id. */
export const stableTimelineKey = (owner: Owner, at: string, id: string): TimelineKey => {
  const sum = [...id].reduce((total, char) => total + char.charCodeAt(0), 0);
  return { pk: partition(owner, sum % SHARDS), sk: `${at}#${id}` };
};

const row = z.looseObject({ pk: z.string(), sk: z.string() });
export type TimelineRow = z.infer<typeof row>;

export interface TimelineRange {
  /** Sort keys strictly below this one; undefined: from the newest. */
  readonly before?: string | undefined;
  /** Sort key or ISO time, inclusive. */
  readonly since?: string | undefined;
  /** Undefined: all of the range. */
  readonly limit?: number;
  /** What to read of each entry; undefined: all of it. */
  readonly attributes?: readonly string[];
}

const partitionsOf = (owners: readonly Owner[]) =>
  owners.flatMap((owner) => Array.from({ length: SHARDS }, (_, shard) => partition(owner, shard)));

/**
 * A query for a range of one partition, or undefined where DynamoDB would refuse one that ends before it
 * begins.
 */
function rangeQuery(
  TableName: string,
  pk: string,
  { before, since }: Pick<TimelineRange, "before" | "since">,
) {
  // A sort key begins with a digit, so "~" is above all of them and "" would be below (but may not be empty).
  const [from, to] = [since ?? "0", before ?? "~"];
  if (from > to) return undefined;
  return {
    TableName,
    // BETWEEN includes both ends; whoever asks leaves the upper one out.
    KeyConditionExpression: "pk = :pk AND sk BETWEEN :from AND :to",
    ExpressionAttributeValues: { ":pk": pk, ":from": from, ":to": to },
    // Two reads of one range, a moment apart, have to see the same rows.
    ConsistentRead: true,
  };
}

/** Entries are spread evenly, so a partition's share of a page is asked for first, and a little more. */
const pageSize = (limit: number, partitions: number) => Math.ceil((limit / partitions) * 1.25) + 2;

/** At most `limit` entries of the owners' timelines, newest first. */
export async function readTimeline(
  client: DynamoDBDocumentClient,
  tableName: string,
  owners: readonly Owner[],
  range: TimelineRange,
): Promise<TimelineRow[]> {
  const { before, limit = Number.POSITIVE_INFINITY, attributes } = range;
  const partitions = partitionsOf(owners);
  const projection = attributes && {
    ProjectionExpression: attributes.map((name) => `#${name}`).join(),
    ExpressionAttributeNames: Object.fromEntries(attributes.map((name) => [`#${name}`, name])),
  };
  const Limit = Number.isFinite(limit) ? { Limit: pageSize(limit, partitions.length) } : {};
  /** One partition, newest first, read on as far as the merge asks. */
  async function* readPartition(pk: string): AsyncGenerator<TimelineRow, undefined> {
    const query = rangeQuery(tableName, pk, range);
    if (!query) return;
    const pages = paginateQuery({ client }, { ...query, ScanIndexForward: false, ...Limit, ...projection });
    for await (const { Items = [] } of pages) {
      yield* Items.map((item) => row.parse(item)).filter(({ sk }) => sk !== before);
    }
  }
  return mergeNewestFirst(partitions.map(readPartition), limit);
}

/** All entries of a range, shard by shard: for those who go through all of it, in whatever order. */
export async function* scanTimeline(
  client: DynamoDBDocumentClient,
  tableName: string,
  owner: Owner,
  range: Pick<TimelineRange, "before" | "since">,
): AsyncGenerator<TimelineRow, undefined> {
  for (const pk of partitionsOf([owner])) {
    const query = rangeQuery(tableName, pk, range);
    if (!query) return;
    for await (const { Items = [] } of paginateQuery({ client }, query)) {
      yield* Items.map((item) => row.parse(item)).filter(({ sk }) => sk !== range.before);
    }
  }
}

/** Takes the newest head of all streams, again and again. */
async function mergeNewestFirst(
  streams: readonly AsyncGenerator<TimelineRow, undefined>[],
  limit: number,
): Promise<TimelineRow[]> {
  const merged: TimelineRow[] = [];
  const heads = await Promise.all(streams.map(async (stream) => (await stream.next()).value));
  while (merged.length < limit) {
    const newest = heads.reduce((best, head, index) => {
      const other = heads[best];
      return head && (!other || head.sk > other.sk) ? index : best;
    }, 0);
    const head = heads[newest];
    if (!head) break;
    merged.push(head);
    heads[newest] = (await streams[newest]?.next())?.value;
  }
  return merged;
}

/**
 * How many entries a range holds. `before` must not be the sort key of one of them: a time never is.
 * @param giveUpAt epoch milliseconds
 * @returns undefined when the count was not done by then
 */
export async function countTimeline(
  client: DynamoDBDocumentClient,
  tableName: string,
  owners: readonly Owner[],
  range: Pick<TimelineRange, "before" | "since">,
  giveUpAt: number,
): Promise<number | undefined> {
  let total = 0;
  let isDone = true;
  async function countPartition(pk: string): Promise<void> {
    const query = rangeQuery(tableName, pk, range);
    if (!query) return;
    for await (const { Count = 0, LastEvaluatedKey } of paginateQuery(
      { client },
      { ...query, Select: "COUNT" },
    )) {
      total += Count;
      if (LastEvaluatedKey && Date.now() > giveUpAt) {
        isDone = false;
        return;
      }
    }
  }
  await Promise.all(partitionsOf(owners).map(countPartition));
  return isDone ? total : undefined;
}
