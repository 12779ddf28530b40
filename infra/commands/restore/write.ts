import {
  ConditionalCheckFailedException,
  GetItemCommand,
  PutItemCommand,
  type PutItemCommandInput,
} from "@aws-sdk/client-dynamodb";
import type { DynamoDBDocumentClient } from "@aws-sdk/lib-dynamodb";
import { deliveryKey } from "../../../shared/aws/delivery-table.ts";
import { idOfKey } from "../../../shared/aws/stored-delivery.ts";
import { COUNTER_PREFIX, keyNames, type TableKind } from "../backup/format.ts";
import { type RawItem, timeOf } from "../items.ts";

export const outcomes = ["restored", "there already", "moved on since", "expired", "under way"] as const;
export type Outcome = (typeof outcomes)[number];

type Condition = Pick<PutItemCommandInput, "ConditionExpression" | "ExpressionAttributeValues">;

const missing = (attribute = "pk"): Condition => ({
  ConditionExpression: `attribute_not_exists(${attribute})`,
});
const unchanged = ({ updated_at }: RawItem): Condition =>
  updated_at
    ? { ConditionExpression: "updated_at = :then", ExpressionAttributeValues: { ":then": updated_at } }
    : missing("updated_at");

/**
 * Its next attempt is on a queue or a schedule, or nowhere: without it, such a delivery would wait for ever, and
 * the event could not be published again. With it, the attempt makes a new record.
 */
const isUnderWay = ({ pk, sk, status }: RawItem): boolean =>
  sk?.S === deliveryKey(pk?.S ?? "").sk && (status?.S === "retrying" || status?.S === "pending");

export interface RestoreDeps {
  readonly client: DynamoDBDocumentClient;
  readonly tables: Readonly<Record<TableKind, string>>;
  /** Replaces webhooks and API keys that are there. What has happened to an event is never put back. */
  readonly replace: boolean;
  /** Epoch milliseconds. */
  readonly now: () => number;
}

/** Puts single items back, never over something newer unless asked. Doing it twice changes nothing. */
export function createRestore({ client, tables, replace, now }: RestoreDeps) {
  async function put(kind: TableKind, Item: RawItem, condition: Condition = {}): Promise<boolean> {
    const input: PutItemCommandInput = { TableName: tables[kind], Item, ...condition };
    try {
      await client.send(new PutItemCommand(input));
      return true;
    } catch (error) {
      if (error instanceof ConditionalCheckFailedException) return false;
      throw error;
    }
  }

  function conditionFor(kind: TableKind): Condition {
    if (!replace || kind === "deliveries" || kind === "undelivered") return missing(keyNames[kind][0]);
    // A key that was revoked since must not open doors again.
    return kind === "api-keys" ? missing("revoked_at") : {};
  }

  async function findDelivery(id: string): Promise<RawItem | undefined> {
    const { pk, sk } = deliveryKey(id);
    const { Item } = await client.send(
      new GetItemCommand({
        TableName: tables.deliveries,
        Key: { pk: { S: pk }, sk: { S: sk } },
        ConsistentRead: true,
      }),
    );
    return Item;
  }

  /** An undelivered event needs its delivery: only that shows, when it is redelivered, what was done already. */
  async function restoreDeliveryOf(row: RawItem): Promise<"moved on since" | undefined> {
    const { pk: rowPk, sk: rowSk } = row;
    const id = row.id?.S ?? idOfKey({ pk: rowPk?.S ?? "", sk: rowSk?.S ?? "" });
    const found = await findDelivery(id);
    const [then = "", now = ""] = [timeOf(row.updated_at), timeOf(found?.updated_at)];
    if (found && now >= then)
      return now === then && found.status?.S === "undelivered" ? undefined : "moved on since";
    const { body: _, ...delivery } = row;
    const { pk, sk } = deliveryKey(id);
    const item = { ...delivery, pk: { S: pk }, sk: { S: sk } };
    return (await put("deliveries", item, found ? unchanged(found) : missing()))
      ? undefined
      : "moved on since";
  }

  return async function restore(kind: TableKind, item: RawItem): Promise<Outcome> {
    if (kind === "deliveries" && item.pk?.S?.startsWith(COUNTER_PREFIX)) return "expired";
    const expiresAt = Number(item.expires_at?.N ?? Number.POSITIVE_INFINITY);
    if (expiresAt * 1_000 <= now()) return "expired";
    if (kind === "deliveries" && isUnderWay(item)) return "under way";
    const movedOn = kind === "undelivered" ? await restoreDeliveryOf(item) : undefined;
    if (movedOn) return movedOn;
    return (await put(kind, item, conditionFor(kind))) ? "restored" : "there already";
  };
}
