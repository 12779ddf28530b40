import { createBatchReader } from "../../shared/aws/batch-table.ts";
import { dynamoDb } from "../../shared/aws/clients.ts";
import { createDeliveryLog } from "../../shared/aws/delivery-log.ts";
import { createWebhookTable } from "../../shared/aws/webhook-table.ts";
import { readConfig } from "../../shared/config.ts";
import { api } from "../../shared/http/api.ts";
import { createDeliveries } from "./deliveries.ts";

const config = readConfig("WEBHOOKS_TABLE", "DELIVERIES_TABLE");
const client = dynamoDb();
const webhooks = createWebhookTable(client, config.WEBHOOKS_TABLE);

const deliveries = createDeliveries({
  hookIds: webhooks.ids,
  deliveryLog: createDeliveryLog(client, config.DELIVERIES_TABLE, createBatchReader(client)),
});

export const handler = api("deliveries", {
  "GET /deliveries": deliveries.list,
  "GET /deliveries/{id}": deliveries.show,
});
