import { createBatchReader, createBatchWriter } from "../../shared/aws/batch-table.ts";
import { dynamoDb, sqs } from "../../shared/aws/clients.ts";
import { createDeliveryQueues } from "../../shared/aws/delivery-queues.ts";
import { createLedgerWriter } from "../../shared/aws/ledger-table.ts";
import { createQueue } from "../../shared/aws/queue.ts";
import { sqsBatch } from "../../shared/aws/sqs-batch.ts";
import { createUsageTable } from "../../shared/aws/usage-table.ts";
import { createWebhookTable } from "../../shared/aws/webhook-table.ts";
import { createVersionReader } from "../../shared/aws/webhook-version.ts";
import { readConfig } from "../../shared/config.ts";
import { encodeMessage } from "../../shared/domain/message-text.ts";
import { readPublication } from "../../shared/domain/publication.ts";
import { log } from "../../shared/log.ts";
import { measure } from "../../shared/metrics.ts";
import { createFanOut } from "./fanout.ts";
import { createWebhookCache } from "./webhook-cache.ts";

const config = readConfig(
  "WEBHOOKS_TABLE",
  "DELIVERIES_TABLE",
  "DELIVERIES_QUEUE_URL",
  "SLOW_DELIVERIES_QUEUE_URL",
  "DELIVERY_TTL_DAYS",
  "EVENTS_QUEUE_URL",
);
const underWay = { messages: 0 };
const everyone = () => underWay.messages;
const client = dynamoDb();
const queueing = sqs();
const events = createQueue(queueing, config.EVENTS_QUEUE_URL);
const queues = createDeliveryQueues(
  queueing,
  { fast: config.DELIVERIES_QUEUE_URL, slow: config.SLOW_DELIVERIES_QUEUE_URL },
  // A publication's messages are sent in one turn.
  { lingerMs: 1 },
);

const fanOut = createFanOut({
  webhooksOf: createWebhookCache({
    versionOf: createVersionReader({
      read: createBatchReader(client, everyone),
      tableName: config.DELIVERIES_TABLE,
    }),
    all: createWebhookTable(client, config.WEBHOOKS_TABLE).all,
    now: Date.now,
    log,
  }),
  now: () => new Date(),
  enqueue: queues.send,
  publish: (part) => events.send({ body: encodeMessage(part), groupId: part.account }),
  landed: createUsageTable(client, config.DELIVERIES_TABLE, Date.now).countLanded,
  keepLedger: createLedgerWriter({
    tableName: config.DELIVERIES_TABLE,
    write: createBatchWriter(client),
    ttlDays: config.DELIVERY_TTL_DAYS,
    now: () => new Date(),
    everyone,
  }),
  log,
  measure,
});

export const handler = sqsBatch(async ({ body, about }) => {
  const publication = readPublication(body, new Date());
  about({ account: publication.account, event_ids: publication.events.map(({ id }) => id) });
  await fanOut(publication);
}, underWay);
