import { type DynamoDBDocumentClient, PutCommand, UpdateCommand } from "@aws-sdk/lib-dynamodb";
import type { Delivery } from "../domain/delivery.ts";
import { whenConditionHolds } from "./conditional.ts";
import { deliveryKey, expiry } from "./delivery-table.ts";
import { type ToStored, toStored, toStoredTime } from "./stored-delivery.ts";

/** Longer than the queue hands a message out again and again. */
const ABANDONED_MS = 3_600_000;

/** The deliveries table as redelivery sees it: what was given up is taken up again, or forgotten for good. */
export function createRedeliveryTable(
  client: DynamoDBDocumentClient,
  tableName: string,
  ttlDays: number,
  form: ToStored = toStored,
) {
  return {
    /**
     * Makes a given-up delivery pending again, on behalf of one asker: of several who ask at the same time, one
     * gets it. The asker may do it again, after a crash; another only when the first has not been heard of for long.
     * `updated_at` stays, so that the undelivered row is found until it is removed.
     * @returns false when it is not this asker's: somebody else has it, or it has moved on since it was given up
     */
    restart(givenUp: Delivery, askedBy: string, now: Date): Promise<boolean> {
      const restarted: Delivery = { ...givenUp, status: "pending", reason: null };
      return whenConditionHolds(
        client.send(
          new PutCommand({
            TableName: tableName,
            Item: {
              ...deliveryKey(givenUp.id),
              ...form(restarted),
              taken_by: askedBy,
              taken_at: now.toISOString(),
            },
            ConditionExpression: `attribute_not_exists(pk) OR (size(attempts) = :attempts AND updated_at IN (:givenUpAt, :givenUpAtText)
              AND (#status = :undelivered OR (#status = :pending AND (taken_by = :me OR taken_at < :longAgo))))`,
            ExpressionAttributeNames: { "#status": "status" },
            ExpressionAttributeValues: {
              ":attempts": givenUp.attempts.length,
              // As it may be stored, in one form or the other.
              ":givenUpAt": toStoredTime(givenUp.updated_at),
              ":givenUpAtText": givenUp.updated_at,
              ":undelivered": "undelivered",
              ":pending": "pending",
              ":me": askedBy,
              ":longAgo": new Date(now.getTime() - ABANDONED_MS).toISOString(),
            },
          }),
        ),
      );
    },

    /** Ends a given-up delivery for good: it is forgotten when its time comes, and nothing brings it back. */
    async forget(id: string, now: Date): Promise<void> {
      await whenConditionHolds(
        client.send(
          new UpdateCommand({
            TableName: tableName,
            Key: deliveryKey(id),
            UpdateExpression: "SET #status = :cancelled, reason = :reason, expires_at = :at",
            ConditionExpression: "#status = :undelivered",
            ExpressionAttributeNames: { "#status": "status" },
            ExpressionAttributeValues: {
              ":cancelled": "cancelled",
              ":reason": "deleted from the undelivered table",
              ":at": expiry(now.toISOString(), ttlDays),
              ":undelivered": "undelivered",
            },
          }),
        ),
      );
    },
  };
}
