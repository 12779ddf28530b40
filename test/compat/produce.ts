import { pathToFileURL } from "node:url";
import { DynamoDBClient, PutItemCommand } from "@aws-sdk/client-dynamodb";
import { SchedulerClient } from "@aws-sdk/client-scheduler";
import { SQSClient } from "@aws-sdk/client-sqs";
import { DynamoDBDocumentClient } from "@aws-sdk/lib-dynamodb";
import { unmarshall } from "@aws-sdk/util-dynamodb";
import { createDeliver } from "../../functions/deliver/deliver.ts";
import { createPublish } from "../../functions/events/publish.ts";
import { createFanOut } from "../../functions/fanout/fanout.ts";
import { splitPublication } from "../../functions/fanout/split.ts";
import { createWebhookList } from "../../functions/fanout/webhook-list.ts";
import { createRedelivery } from "../../functions/undelivered/redelivery.ts";
import { createWebhooks } from "../../functions/webhooks/webhooks.ts";
import { createDeliveryQueues } from "../../shared/aws/delivery-queues.ts";
import { createDeliveryTable } from "../../shared/aws/delivery-table.ts";
import { createJobTable } from "../../shared/aws/job-table.ts";
import { createQueue } from "../../shared/aws/queue.ts";
import { createRetryTimer } from "../../shared/aws/retry-timer.ts";
import { storedForm } from "../../shared/aws/stored-delivery.ts";
import { createUndeliveredWriter } from "../../shared/aws/undelivered-table.ts";
import { createWebhookTable } from "../../shared/aws/webhook-table.ts";
import { newApiKey } from "../../shared/domain/api-key.ts";
import {
  type Delivery,
  type DeliveryMessage,
  deliveryId,
  type Exchange,
} from "../../shared/domain/delivery.ts";
import { encodeMessage } from "../../shared/domain/message-text.ts";
import { type Publication, publication } from "../../shared/domain/publication.ts";
import type { Webhook } from "../../shared/domain/webhook.ts";
import type { ApiRequest } from "../../shared/http/api.ts";
import { AT, aDelivery, eventJson } from "../support/factories.ts";

/** What every fixture is about: an account, a webhook, an event. */
export const subject = {
  account: "demo",
  hookId: "old-hook",
  url: "http://127.0.0.1:4000/hook",
  eventId: "old-event",
  secret: "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
  apiKey: "claimr_an-old-key",
};

const QUEUE = "https://sqs.eu-central-1.amazonaws.com/123456789012";
const now = () => new Date(AT);

const request = (body: string, path: ApiRequest["path"] = {}): ApiRequest => ({
  ...{ account: subject.account, path, query: {}, headers: {} },
  text: () => body,
  json: (schema) => schema.parse(JSON.parse(body)),
  jsonOrNothing: (schema) => schema.parse(JSON.parse(body)),
});

/** SDK clients that remember what they were to send, and send nothing. */
function recorder() {
  const inputs: unknown[] = [];
  const remember = {
    async send(command: { input: unknown }) {
      if (!(command instanceof PutItemCommand)) inputs.push(command.input);
      else inputs.push({ ...command.input, Item: unmarshall(command.input.Item ?? {}) });
      return {};
    },
  };
  return {
    inputs,
    dynamoDb: Object.assign(DynamoDBDocumentClient.from(new DynamoDBClient()), remember),
    sqs: Object.assign(new SQSClient(), remember),
    scheduler: Object.assign(new SchedulerClient(), remember),
  };
}

async function registered() {
  const { inputs, dynamoDb } = recorder();
  const table = createWebhookTable(dynamoDb, "webhooks");
  let webhook: Webhook | undefined;
  const webhooks = createWebhooks({
    ...{ endpointRules: { allowPrivate: true, ports: [] }, now, newId: () => "the-registration-id-1" },
    ...{ claim: async () => true, release: async () => {} },
    renewVersion: async () => {},
    renewSendingVersion: async () => {},
    webhooks: {
      ...table,
      create(created) {
        webhook = created;
        return table.create(created);
      },
    },
  });
  const { hookId: hook_id, url, secret } = subject;
  await webhooks.register(request(JSON.stringify({ scope: "user_activity", hook_id, url, secret })));
  if (!webhook) throw new Error("not registered");
  return { webhook, put: inputs[0] };
}

/** One that is too wide to be fanned out at once. */
function partsOf(whole: Publication, webhook: Webhook): Publication[] {
  const urls = Array.from({ length: 3_000 }, (_, n) => `${subject.url}/${n}`);
  const webhooks = ["a", "b"].map((hook_id) => ({ ...webhook, hook_id, urls }));
  return splitPublication(whole, [{ alike: whole.events, webhooks }]) ?? [];
}

/** Nobody looks on. */
const unobserved = { log: { info: () => {} }, measure: () => {} };

async function published() {
  const { inputs, sqs } = recorder();
  const queue = createQueue(sqs, `${QUEUE}/events`);
  const publish = createPublish({
    ...{ ...unobserved, now, newId: () => "made-id", maxMessageBytes: 1_048_576 },
    limit: { admit: async () => undefined, release: async () => {} },
    enqueue: async (accepted) =>
      void (await queue.send({ body: encodeMessage(accepted), groupId: accepted.account })),
  });
  await publish.one(request(eventJson({ id: subject.eventId })));
  return inputs;
}

/** Goes the way of an event to an endpoint that answers 500 twice, which is all that the policy allows. */
async function delivered(webhook: Webhook, whole: Publication, isLean: boolean) {
  const { inputs, sqs, scheduler, dynamoDb } = recorder();
  const queues = createDeliveryQueues(sqs, { fast: `${QUEUE}/deliveries`, slow: `${QUEUE}/slow` });
  const messages: DeliveryMessage[] = [];
  const fanOut = createFanOut({
    ...{ ...unobserved, now, webhooksOf: async () => createWebhookList([webhook], []) },
    publish: async () => {},
    ...{ landed: async () => {}, keepLedger: async () => {} },
    enqueue(message) {
      messages.push(message);
      return queues.send(message);
    },
  });
  await fanOut(whole);

  const written: unknown[] = [];
  const stored = new Map<string, Delivery>();
  const write = async (puts: readonly { item: Readonly<Record<string, unknown>> }[]) =>
    void written.push(...puts.map(({ item }) => item));
  const form = storedForm(isLean);
  const table = createDeliveryTable({
    ...{ client: dynamoDb, tableName: "deliveries", read: async () => undefined, write, ttlDays: 30 },
    form,
  });
  const timer = createRetryTimer({
    ...{
      scheduler,
      queues,
      deadLetterArn: "arn:dead-letters",
      scheduleGroup: "retries",
      roleArn: "arn:role",
    },
    ...{ scheduleFromSeconds: 60, now: () => now().getTime() },
  });
  const failure: Exchange = {
    ...{ status: 500, error: "answered 500", durationMs: 12, response: "down", retryAfter: undefined },
  };
  const deliverAt = (atMs: number) =>
    createDeliver({
      ...{
        ...unobserved,
        policy: [60],
        clock: { now: () => atMs, sleep: async () => {} },
        send: async () => failure,
      },
      webhooks: { find: async () => webhook, disableEndpoint: async () => {} },
      deliveries: {
        ...table,
        find: async (id) => stored.get(id),
        async advance(moved, before) {
          stored.set(moved.id, moved);
          return table.advance(moved, before);
        },
      },
      keepUndelivered: createUndeliveredWriter("undelivered", write, form),
      timer: {
        hold: timer.hold,
        set(next) {
          messages.push(next);
          return timer.set(next);
        },
      },
      watch: (_, __, attempt) => attempt(),
    });
  for (let n = 0; n < 2; n++) {
    const message = messages[n];
    if (message) await deliverAt(Date.parse(message.due_at))(message, false);
  }
  return { inputs, written };
}

async function askedForRedelivery() {
  const { inputs, sqs, dynamoDb } = recorder();
  const queue = createQueue(sqs, `${QUEUE}/redeliveries`);
  const { account, hookId: hook_id, url, eventId: event_id } = subject;
  const id = deliveryId({ account, hook_id, url, event_id });
  const givenUp = aDelivery({ id, account, hook_id, url, updated_at: "2026-11-23T12:01:00.000Z" });
  const live = { registration: "r", urls: [subject.url], status: "active", disabled_urls: [], secrets: [] };
  const redelivery = createRedelivery({
    ...{ now, newId: () => "the-id-of-the-job-123", findMine: async () => givenUp, count: async () => 1 },
    findWebhook: async () => ({ ...(await registered()).webhook, ...live, status: "active" as const }),
    jobs: { ...createJobTable(dynamoDb, "deliveries"), find: async () => undefined },
    enqueue: (message) => queue.send({ body: encodeMessage(message), groupId: "group" }),
  });
  await redelivery.one(request("", { id: givenUp.id }));
  const range = { hook_id: subject.hookId, since: "2026-11-01T00:00:00.000Z", per_second: 1 };
  await redelivery.range({
    ...request(JSON.stringify(range)),
    json: (schema) => schema.parse({ ...range, dry_run: false }),
  });
  return inputs;
}

/**
 * All that today's code puts on queues, into schedules and into tables, of one event that is not delivered.
 * @param isLean what LEAN_ITEMS is
 */
export async function produce(isLean = true) {
  const { webhook, put } = await registered();
  const whole = publication.parse(JSON.parse(bodiesOf(await published())[0] ?? ""));
  const { inputs, written } = await delivered(webhook, whole, isLean);
  const asked = await askedForRedelivery();
  const { record } = newApiKey({
    ...{ account: subject.account, roles: ["integrator", "publisher"], now: now(), key: subject.apiKey },
  });
  return {
    messages: {
      events: [whole, ...partsOf(whole, webhook)],
      deliveries: bodiesOf(inputs).map((body) => JSON.parse(body)),
      schedules: inputs.flatMap(targetOf),
      redeliveries: bodiesOf(asked).map((body) => JSON.parse(body)),
    },
    items: {
      apiKeys: [record],
      webhooks: itemsOf([put]),
      deliveries: itemsOf(inputs),
      // What tells two writes apart is random.
      jobs: itemsOf(asked).map((item) =>
        field(item, "change_id") ? { ...Object(item), change_id: "random" } : item,
      ),
      undelivered: written.filter((item) => JSON.stringify(item).includes('"body":')),
    },
  };
}

const field = (value: unknown, name: string): unknown =>
  typeof value === "object" && value !== null
    ? Object.entries(value).find(([key]) => key === name)?.[1]
    : undefined;

const bodiesOf = (inputs: readonly unknown[]): string[] =>
  inputs.flatMap((input) => {
    const entries = field(input, "Entries");
    return Array.isArray(entries) ? entries.map((entry) => String(field(entry, "MessageBody"))) : [];
  });
const itemsOf = (inputs: readonly unknown[]) => inputs.flatMap((input) => field(input, "Item") ?? []);
const targetOf = (input: unknown) => {
  const text = field(field(input, "Target"), "Input");
  return typeof text === "string" ? [JSON.parse(text)] : [];
};

// node test/compat/produce.ts > test/compat/messages/<next number>.json, and say in "from" what it is of.
if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href)
  console.log(JSON.stringify({ from: { commit: "", version: "" }, ...(await produce()) }, null, 2));
