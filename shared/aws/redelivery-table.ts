import { type DynamoDBDocumentClient, PutCommand, UpdateCommand } from "@aws-sdk/lib-dynamodb";
import type { Delivery } from "../domain/delivery.ts";
import { whenConditionHolds } from "./conditional.ts";
import { deliveryKey, expiry } from "./delivery-table.ts";

export type RedeliveryTable = ReturnType<typeof createRedeliveryTable>;

/** The deliveries table as redelivery sees it: what was given up is taken up again, or forgotten for good. */
export function createRedeliveryTable(client: DynamoDBDocumentClient, tableName: string, ttlDays: number) {
  return {
    /**
     * Makes a given-up delivery pending again. Doing it twice is harmless until an attempt has been made.
     * @returns false when it has moved on since it was given up: it was redelivered by somebody else
     */
    restart(givenUp: Delivery, updatedAt: string): Promise<boolean> {
      const restarted: Delivery = { ...givenUp, status: "pending", reason: null, updated_at: updatedAt };
      return whenConditionHolds(
        client.send(
          new PutCommand({
            TableName: tableName,
            Item: { ...deliveryKey(givenUp.id), ...restarted },
            ConditionExpression:
              "attribute_not_exists(pk) OR (size(attempts) = :attempts AND #status IN (:undelivered, :pending))",
            ExpressionAttributeNames: { "#status": "status" },
            ExpressionAttributeValues: {
              ":attempts": givenUp.attempts.length,
              ":undelivered": "undelivered",
              ":pending": "pending",
            },
          }),
        ),
      );
    },

    /**
     * Lets a given-up delivery leave the log when its time comes, since nobody is to deal with it any more.
     */
    async expire(id: string, now: Date): Promise<void> {
      await whenConditionHolds(
        client.send(
          new UpdateCommand({
            TableName: tableName,
            Key: deliveryKey(id),
            UpdateExpression: "SET expires_at = :at",
            ConditionExpression: "#status = :undelivered",
            ExpressionAttributeNames: { "#status": "status" },
            ExpressionAttributeValues: {
              ":at": expiry(now.toISOString(), ttlDays),
              ":undelivered": "undelivered",
            },
          }),
        ),
      );
    },
  };
}
