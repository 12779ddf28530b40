import { dynamoDb, sqs } from "../../shared/aws/clients.ts";
import { createQueue } from "../../shared/aws/queue.ts";
import { sqsBatch } from "../../shared/aws/sqs-batch.ts";
import { createWebhookTable } from "../../shared/aws/webhook-table.ts";
import { readConfig } from "../../shared/config.ts";
import { encodeMessage } from "../../shared/domain/message-text.ts";
import { readPublication } from "../../shared/domain/publication.ts";
import { createFanOut } from "./fanout.ts";

const config = readConfig("WEBHOOKS_TABLE", "DELIVERIES_QUEUE_URL");
const queue = createQueue(sqs(), config.DELIVERIES_QUEUE_URL);

const fanOut = createFanOut({
  webhooks: createWebhookTable(dynamoDb(), config.WEBHOOKS_TABLE),
  enqueue: (message, groupId) => queue.send({ body: encodeMessage(message), groupId }),
});

export const handler = sqsBatch(({ body }) => fanOut(readPublication(body, new Date())));
