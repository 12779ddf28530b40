import { dynamoDb, sqs } from "../../shared/aws/clients.ts";
import { createDeliveryQueues } from "../../shared/aws/delivery-queues.ts";
import { createDeliveryFinder } from "../../shared/aws/delivery-table.ts";
import { createJobTable } from "../../shared/aws/job-table.ts";
import { createQueue } from "../../shared/aws/queue.ts";
import { createRedeliveryTable } from "../../shared/aws/redelivery-table.ts";
import { sqsBatch } from "../../shared/aws/sqs-batch.ts";
import { storedForm } from "../../shared/aws/stored-delivery.ts";
import { createUndeliveredTable } from "../../shared/aws/undelivered-table.ts";
import { createWebhookTable } from "../../shared/aws/webhook-table.ts";
import { readConfig } from "../../shared/config.ts";
import { encodeMessage } from "../../shared/domain/message-text.ts";
import { redeliveryMessage } from "../../shared/domain/redelivery-job.ts";
import { log } from "../../shared/log.ts";
import { createRedeliver } from "./redeliver.ts";

const config = readConfig(
  "WEBHOOKS_TABLE",
  "DELIVERIES_TABLE",
  "UNDELIVERED_TABLE",
  "DELIVERIES_QUEUE_URL",
  "SLOW_DELIVERIES_QUEUE_URL",
  "REDELIVERIES_QUEUE_URL",
  "DELIVERY_TTL_DAYS",
  "LEAN_ITEMS",
);
const form = storedForm(config.LEAN_ITEMS);
const client = dynamoDb();
const queues = sqs();
const deliveries = createDeliveryQueues(queues, {
  fast: config.DELIVERIES_QUEUE_URL,
  slow: config.SLOW_DELIVERIES_QUEUE_URL,
});
const redeliveries = createQueue(queues, config.REDELIVERIES_QUEUE_URL);
const undelivered = createUndeliveredTable(client, config.UNDELIVERED_TABLE);

/** The pace of a job is so many rows a second, so its next slice waits for one. */
const SLICE_SECONDS = 1;

const redeliver = createRedeliver({
  now: () => new Date(),
  findWebhook: createWebhookTable(client, config.WEBHOOKS_TABLE).find,
  findDelivery: createDeliveryFinder(client, config.DELIVERIES_TABLE),
  restart: createRedeliveryTable(client, config.DELIVERIES_TABLE, config.DELIVERY_TTL_DAYS, form).restart,
  undelivered,
  jobs: createJobTable(client, config.DELIVERIES_TABLE),
  deliver: deliveries.send,
  goOn: (job_id) =>
    redeliveries.send({
      body: encodeMessage({ kind: "job", job_id }),
      groupId: job_id,
      delaySeconds: SLICE_SECONDS,
    }),
  log,
});

export const handler = sqsBatch(({ body, messageId }) =>
  redeliver(redeliveryMessage.parse(JSON.parse(body)), messageId),
);
