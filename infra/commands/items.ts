import { setTimeout as sleep } from "node:timers/promises";
import {
  type AttributeValue,
  BatchWriteItemCommand,
  ScanCommand,
  type ScanCommandInput,
} from "@aws-sdk/client-dynamodb";
import type { DynamoDBDocumentClient } from "@aws-sdk/lib-dynamodb";
import { repeatUntilDone } from "../../shared/aws/coalesce.ts";
import { isoOf } from "../../shared/aws/stored-delivery.ts";
import { chunks } from "../../shared/domain/chunks.ts";

/** An item as DynamoDB has it, so that numbers, sets and bytes stay what they are. */
export type RawItem = Record<string, AttributeValue>;

/** A time of a delivery, in whichever form it is stored, as ISO text. */
export const timeOf = (value: AttributeValue | undefined): string | undefined =>
  value?.N === undefined ? value?.S : isoOf(Number(value.N));

/** Side by side: a page is read in some 100 ms. */
const SEGMENTS = 4;
/** Limit of BatchWriteItem (DynamoDB API reference). */
const MAX_WRITES = 25;

/** Lets calls through at a steady rate, one after the other. */
export function createPace(perSecond: number): () => Promise<void> {
  let next = 0;
  return async function wait() {
    const now = Date.now();
    const at = Math.max(now, next);
    next = at + 1_000 / perSecond;
    if (at > now) await sleep(at - now);
  };
}

/**
 * Reads a whole table, or what a filter lets through: that costs as much.
 * @param pace waited for before each page, of 1 MB at most
 * @param use is given each page's items, of several pages at the same time
 */
export async function scan(
  client: DynamoDBDocumentClient,
  input: Omit<ScanCommandInput, "Segment" | "TotalSegments" | "ExclusiveStartKey">,
  pace: () => Promise<void>,
  use: (items: RawItem[]) => unknown,
): Promise<void> {
  async function scanSegment(Segment: number): Promise<void> {
    let from: RawItem | undefined;
    do {
      await pace();
      const { Items = [], LastEvaluatedKey } = await client.send(
        new ScanCommand({
          ...input,
          ...{ Segment, TotalSegments: SEGMENTS },
          ...(from && { ExclusiveStartKey: from }),
        }),
      );
      await use(Items);
      from = LastEvaluatedKey;
    } while (from);
  }
  await Promise.all(Array.from({ length: SEGMENTS }, (_, segment) => scanSegment(segment)));
}

/** Deletes items by their keys; those that are gone already are no mistake. */
export async function deleteItems(
  client: DynamoDBDocumentClient,
  table: string,
  keys: readonly RawItem[],
): Promise<void> {
  async function deleteSome(some: readonly RawItem[]): Promise<readonly RawItem[]> {
    const requests = some.map((Key) => ({ DeleteRequest: { Key } }));
    const { UnprocessedItems } = await client.send(
      new BatchWriteItemCommand({ RequestItems: { [table]: requests } }),
    );
    return (UnprocessedItems?.[table] ?? []).flatMap(({ DeleteRequest }) =>
      DeleteRequest?.Key ? [DeleteRequest.Key] : [],
    );
  }
  for (const some of chunks(keys, MAX_WRITES)) {
    const left = await repeatUntilDone(some, deleteSome);
    if (left.length > 0) throw new Error(`DynamoDB did not delete ${left.length} items: run it again.`);
  }
}
