import { createBatchReader } from "../../shared/aws/batch-table.ts";
import { dynamoDb } from "../../shared/aws/clients.ts";
import { createDeliveryLog } from "../../shared/aws/delivery-log.ts";
import { createUndeliveredTable } from "../../shared/aws/undelivered-table.ts";
import { createWebhookTable } from "../../shared/aws/webhook-table.ts";
import { readConfig } from "../../shared/config.ts";
import { api } from "../../shared/http/api.ts";
import { createUndelivered } from "./undelivered.ts";

const config = readConfig("WEBHOOKS_TABLE", "DELIVERIES_TABLE", "UNDELIVERED_TABLE");
const client = dynamoDb();
const deliveryLog = createDeliveryLog(client, config.DELIVERIES_TABLE, createBatchReader(client));

const undelivered = createUndelivered({
  hookIds: createWebhookTable(client, config.WEBHOOKS_TABLE).ids,
  findDelivery: deliveryLog.find,
  undelivered: createUndeliveredTable(client, config.UNDELIVERED_TABLE),
});

export const handler = api({
  "GET /undelivered": undelivered.list,
  "GET /undelivered/{id}": undelivered.show,
});
