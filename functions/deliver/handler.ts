import { setTimeout as sleep } from "node:timers/promises";
import { createBatchWriter, createGroupReader, readerOfOne } from "../../shared/aws/batch-table.ts";
import { dynamoDb, scheduler, sqs } from "../../shared/aws/clients.ts";
import { createDeliveryQueues } from "../../shared/aws/delivery-queues.ts";
import { createDeliveryTable } from "../../shared/aws/delivery-table.ts";
import { createRetryTimer } from "../../shared/aws/retry-timer.ts";
import { sqsBatch } from "../../shared/aws/sqs-batch.ts";
import { storedForm } from "../../shared/aws/stored-delivery.ts";
import { createUndeliveredWriter } from "../../shared/aws/undelivered-table.ts";
import { createWebhookReader } from "../../shared/aws/webhook-reader.ts";
import { createWebhookTable } from "../../shared/aws/webhook-table.ts";
import { renewSendingVersion } from "../../shared/aws/webhook-version.ts";
import { endpointRules, readConfig } from "../../shared/config.ts";
import { deliveryId, readDeliveryMessage } from "../../shared/domain/delivery.ts";
import { oneAtATime } from "../../shared/domain/one-at-a-time.ts";
import { written } from "../../shared/domain/written.ts";
import { createSender } from "../../shared/http/send.ts";
import { log } from "../../shared/log.ts";
import { measure } from "../../shared/metrics.ts";
import { userAgent } from "../../shared/version.ts";
import { createDeliver } from "./deliver.ts";
import { createSlowWatch } from "./slow-watch.ts";
import { createWebhookCache } from "./webhook-cache.ts";

const config = readConfig(
  "WEBHOOKS_TABLE",
  "DELIVERIES_TABLE",
  "UNDELIVERED_TABLE",
  "DELIVERIES_QUEUE_URL",
  "SLOW_DELIVERIES_QUEUE_URL",
  "DELIVERIES_DLQ_ARN",
  "SCHEDULE_GROUP",
  "SCHEDULE_ROLE_ARN",
  "RETRY_DELAYS_SECONDS",
  "SCHEDULE_FROM_SECONDS",
  "DELIVERY_TTL_DAYS",
  "LEAN_ITEMS",
  "ALLOW_PRIVATE_ENDPOINTS",
  "ENDPOINT_PORTS",
);

const form = storedForm(config.LEAN_ITEMS);
const underWay = { messages: 0 };
const client = dynamoDb();
/** Each message asks for its delivery, and for its webhook or the state that it is in or both. */
const read = createGroupReader(client, () => 2 * underWay.messages);
const write = createBatchWriter(client);

const webhooks = createWebhookTable(client, config.WEBHOOKS_TABLE);
/** Has all processes that send read the account's webhooks anew. */
const renew = (account: string) => renewSendingVersion(client, config.DELIVERIES_TABLE, account);

const retryTimer = createRetryTimer({
  scheduler: scheduler(),
  queues: createDeliveryQueues(
    sqs(),
    { fast: config.DELIVERIES_QUEUE_URL, slow: config.SLOW_DELIVERIES_QUEUE_URL },
    // Failures are recorded one by one, so their retries are set one after the other; they are not due for seconds.
    { everyone: () => underWay.messages, lingerMs: 25 },
  ),
  deadLetterArn: config.DELIVERIES_DLQ_ARN,
  scheduleGroup: config.SCHEDULE_GROUP,
  roleArn: config.SCHEDULE_ROLE_ARN,
  scheduleFromSeconds: config.SCHEDULE_FROM_SECONDS,
  now: Date.now,
});

const { send } = createSender({ rules: endpointRules(config), userAgent });

const deliver = createDeliver({
  policy: config.RETRY_DELAYS_SECONDS,
  clock: { now: Date.now, sleep },
  webhooks: {
    find: createWebhookCache({
      // Read together with the deliveries of the same batch, in one request.
      ...createWebhookReader(read, {
        webhooks: config.WEBHOOKS_TABLE,
        deliveries: config.DELIVERIES_TABLE,
      }),
      now: Date.now,
    }),
    disableEndpoint: (of) => written(webhooks.disableEndpoint(of), () => renew(of.account)),
  },
  deliveries: createDeliveryTable({
    client,
    tableName: config.DELIVERIES_TABLE,
    read: readerOfOne(read),
    write,
    ttlDays: config.DELIVERY_TTL_DAYS,
    form,
    everyone: () => underWay.messages,
  }),
  keepUndelivered: createUndeliveredWriter(config.UNDELIVERED_TABLE, write, form),
  timer: retryTimer,
  watch: createSlowWatch({
    clock: {
      now: Date.now,
      after(ms, run) {
        const timer = setTimeout(run, ms);
        return { callOff: () => clearTimeout(timer) };
      },
    },
    mark: (of, mark) => written(webhooks.markSlow(of, mark), () => renew(of.account)),
    log,
  }),
  send,
  log,
  measure,
});

const oneCopyAtATime = oneAtATime();

export const handler = sqsBatch(async ({ body, isRepeated, about }) => {
  const message = readDeliveryMessage(body);
  const { account, hook_id, event_id, attempt } = message;
  about({ account, hook_id, event_id, attempt });
  await oneCopyAtATime(deliveryId(message), () => deliver(message, isRepeated));
}, underWay);
