import { nanoid } from "nanoid";
import { dynamoDb, sqs } from "../../shared/aws/clients.ts";
import { createQueue } from "../../shared/aws/queue.ts";
import { createUsageTable } from "../../shared/aws/usage-table.ts";
import { readConfig } from "../../shared/config.ts";
import { createFlightLimit } from "../../shared/domain/account-limits.ts";
import { encodeMessage, MAX_MESSAGE_BYTES } from "../../shared/domain/message-text.ts";
import { api } from "../../shared/http/api.ts";
import { log } from "../../shared/log.ts";
import { measure, publishMetrics } from "../../shared/metrics.ts";
import { createPublish } from "./publish.ts";

const config = readConfig("EVENTS_QUEUE_URL", "DELIVERIES_TABLE", "ACCOUNT_MAX_EVENTS_IN_FLIGHT");
const queue = createQueue(sqs(), config.EVENTS_QUEUE_URL);

const publish = createPublish({
  now: () => new Date(),
  newId: () => nanoid(),
  limit: createFlightLimit({
    max: config.ACCOUNT_MAX_EVENTS_IN_FLIGHT,
    now: Date.now,
    count: createUsageTable(dynamoDb(), config.DELIVERIES_TABLE, Date.now).countAccepted,
  }),
  enqueue: (publication) => queue.sendNow({ body: encodeMessage(publication), groupId: publication.account }),
  maxMessageBytes: MAX_MESSAGE_BYTES,
  log,
  measure,
});

export const handler = api("events", {
  "POST /events": publish.one,
  "POST /events/batch": publish.batch,
}).use({ after: publishMetrics, onError: publishMetrics });
