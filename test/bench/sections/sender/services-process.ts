import { paginateScan } from "@aws-sdk/lib-dynamodb";
import { createWebhookTable } from "../../../../shared/aws/webhook-table.ts";
import { renewVersion } from "../../../../shared/aws/webhook-version.ts";
import type { Webhook } from "../../../../shared/domain/webhook.ts";
import { startServices } from "../../../support/services.ts";

/** The embedded services in a process of their own, so that their CPU is not the handler's. */
export interface ServicesTask {
  readonly register?: readonly Webhook[];
}

const services = await startServices();
const webhooks = createWebhookTable(services.dynamoDb, services.table("StorageWebhooks"));

/** Stored deliveries that have arrived. */
async function countDelivered(): Promise<number> {
  const scan = {
    TableName: services.table("StorageDeliveries"),
    Select: "COUNT" as const,
    FilterExpression: "#status = :delivered",
    ExpressionAttributeNames: { "#status": "status" },
    ExpressionAttributeValues: { ":delivered": "delivered" },
  };
  let total = 0;
  for await (const { Count = 0 } of paginateScan({ client: services.dynamoDb }, scan)) total += Count;
  return total;
}

process.on("message", async ({ register = [] }: ServicesTask) => {
  for (const webhook of register) {
    await webhooks.create(webhook);
    await renewVersion(services.dynamoDb, services.table("StorageDeliveries"), webhook.account);
  }
  process.send?.({ delivered: await countDelivered() });
});
process.on("disconnect", () => process.exit());
process.send?.({ urls: services.urls, deliver: services.functions.find(({ name }) => name === "deliver") });
