import { nanoid } from "nanoid";
import { dynamoDb, sqs } from "../../shared/aws/clients.ts";
import { createDeliveryFinder } from "../../shared/aws/delivery-table.ts";
import { createJobTable } from "../../shared/aws/job-table.ts";
import { createQueue } from "../../shared/aws/queue.ts";
import { createRedeliveryTable } from "../../shared/aws/redelivery-table.ts";
import { createUndeliveredTable } from "../../shared/aws/undelivered-table.ts";
import { createWebhookTable } from "../../shared/aws/webhook-table.ts";
import { readConfig } from "../../shared/config.ts";
import { encodeMessage } from "../../shared/domain/message-text.ts";
import { api } from "../../shared/http/api.ts";
import { createRedelivery } from "./redelivery.ts";
import { createUndelivered } from "./undelivered.ts";

const config = readConfig(
  "WEBHOOKS_TABLE",
  "DELIVERIES_TABLE",
  "UNDELIVERED_TABLE",
  "REDELIVERIES_QUEUE_URL",
  "DELIVERY_TTL_DAYS",
);
/** API Gateway gives a caller up after 29 s. */
const COUNT_WITHIN_MS = 15_000;

const client = dynamoDb();
const webhooks = createWebhookTable(client, config.WEBHOOKS_TABLE);
const undeliveredTable = createUndeliveredTable(client, config.UNDELIVERED_TABLE);
const redeliveryTable = createRedeliveryTable(client, config.DELIVERIES_TABLE, config.DELIVERY_TTL_DAYS);
const queue = createQueue(sqs(), config.REDELIVERIES_QUEUE_URL);

const undelivered = createUndelivered({
  hookIds: webhooks.ids,
  findDelivery: createDeliveryFinder(client, config.DELIVERIES_TABLE),
  undelivered: undeliveredTable,
  forget: (id) => redeliveryTable.forget(id, new Date()),
});

const redelivery = createRedelivery({
  now: () => new Date(),
  newId: () => nanoid(),
  findWebhook: webhooks.find,
  findMine: undelivered.findMine,
  count: (owner, range) => undeliveredTable.count(owner, range, Date.now() + COUNT_WITHIN_MS),
  jobs: createJobTable(client, config.DELIVERIES_TABLE),
  enqueue: (message) =>
    queue.sendNow({
      body: encodeMessage(message),
      groupId: message.kind === "job" ? message.job_id : message.delivery_id,
    }),
});

export const handler = api("undelivered", {
  "GET /undelivered": undelivered.list,
  "GET /undelivered/{id}": undelivered.show,
  "DELETE /undelivered/{id}": undelivered.remove,
  "POST /undelivered/{id}/redeliver": redelivery.one,
  "POST /undelivered/redeliver": redelivery.range,
  "GET /jobs/{id}": redelivery.showJob,
  "DELETE /jobs/{id}": redelivery.cancelJob,
});
