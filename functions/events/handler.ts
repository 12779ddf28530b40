import { nanoid } from "nanoid";
import { sqs } from "../../shared/aws/clients.ts";
import { createQueue } from "../../shared/aws/queue.ts";
import { readConfig } from "../../shared/config.ts";
import { encodeMessage, MAX_MESSAGE_BYTES } from "../../shared/domain/message-text.ts";
import { api } from "../../shared/http/api.ts";
import { createPublish } from "./publish.ts";

const config = readConfig("EVENTS_QUEUE_URL");
const queue = createQueue(sqs(), config.EVENTS_QUEUE_URL);

const publish = createPublish({
  now: () => new Date(),
  newId: () => nanoid(),
  enqueue: (publication) => queue.sendNow({ body: encodeMessage(publication), groupId: publication.account }),
  maxMessageBytes: MAX_MESSAGE_BYTES,
});

export const handler = api("events", {
  "POST /events": publish.one,
  "POST /events/batch": publish.batch,
});
