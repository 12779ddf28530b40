import type * as z from "zod/mini";
import { deliveryQuery, undeliveredQuery, webhookQuery } from "../queries.ts";
import type { FunctionName, RouteKeyOf } from "../routes.ts";
import * as schema from "./schemas.ts";

export interface OperationDocument {
  readonly id: string;
  readonly tag: keyof typeof tags;
  readonly summary: string;
  readonly description: string;
  readonly query?: z.ZodMiniObject;
  readonly body?: z.ZodMiniType;
  /** A call without a body is fine too. */
  readonly bodyIsOptional?: boolean;
  /** Status and schema of the answer when all is well; no schema: no content. */
  readonly answer: readonly [status: 200 | 201 | 202 | 204, schema?: z.ZodMiniType];
  /** Refusals beside those that any call may get. */
  readonly problems?: readonly (400 | 404 | 409 | 413 | 422)[];
}

export const tags = {
  Webhooks: "Where events go: endpoints, the scope they want, and the secret that signs.",
  Events: "What the platform publishes.",
  Deliveries: "What was sent, and what came of every attempt.",
  Undelivered: "What was never delivered, and sending it again.",
  Service: "The service itself.",
} as const;

/** Pages for people, and the document itself: nothing for a client to call. */
type PageKey = Extract<
  RouteKeyOf<"site">,
  "GET /openapi.json" | `GET /docs${string}` | `GET /console${string}`
>;
type OperationKey = Exclude<RouteKeyOf<FunctionName>, PageKey>;

/** What the document says of each route of the table. */
export const operations: Readonly<Record<OperationKey, OperationDocument>> = {
  "GET /health": {
    ...{ id: "getHealth", tag: "Service", summary: "Is it up?", answer: [200, schema.health] },
    description: "Answers when the service is ready. Needs no key.",
  },
  "POST /webhooks": {
    ...{ id: "createWebhook", tag: "Webhooks", summary: "Register a webhook", body: schema.newWebhook },
    description:
      "Each of up to ten endpoints gets every event of the scope and, if given, of the campaigns. The secret is shown this once.",
    answer: [201, schema.webhookCreated],
    problems: [400, 409, 413, 422],
  },
  "GET /webhooks": {
    ...{ id: "listWebhooks", tag: "Webhooks", summary: "List webhooks", query: webhookQuery },
    description: "In the order of their ids, without secrets.",
    answer: [200, schema.webhookList],
    problems: [422],
  },
  "GET /webhooks/{hook_id}": {
    ...{ id: "getWebhook", tag: "Webhooks", summary: "Show a webhook" },
    description: "Without its secrets.",
    answer: [200, schema.webhookShown],
    problems: [404],
  },
  "PATCH /webhooks/{hook_id}": {
    ...{ id: "updateWebhook", tag: "Webhooks", summary: "Change a webhook", body: schema.webhookChanges },
    description:
      "A new `url`, or the status `active`, also brings back endpoints that answered 410 Gone. Events for a disabled webhook are kept as undelivered.",
    answer: [200, schema.webhookShown],
    problems: [400, 404, 413, 422],
  },
  "DELETE /webhooks/{hook_id}": {
    ...{ id: "deleteWebhook", tag: "Webhooks", summary: "Delete a webhook", answer: [204], problems: [404] },
    description: "Its waiting retries end as cancelled.",
  },
  "POST /webhooks/{hook_id}/secret": {
    ...{ id: "rotateSecret", tag: "Webhooks", summary: "Rotate the secret", body: schema.newSecret },
    description: "The new secret signs at once, the ones so far beside it until the overlap ends.",
    bodyIsOptional: true,
    answer: [200, schema.secretRotated],
    problems: [400, 404, 409, 413, 422],
  },
  "POST /webhooks/{hook_id}/test": {
    ...{ id: "testWebhook", tag: "Webhooks", summary: "Send a test event", body: schema.testSend },
    description:
      "A complete sample event, sent once to every endpoint, now. It is neither retried nor logged.",
    answer: [200, schema.testResult],
    problems: [400, 404, 413, 422],
  },
  "POST /events": {
    ...{ id: "publishEvent", tag: "Events", summary: "Publish an event", body: schema.event },
    description:
      "Once accepted it is never lost. Endpoints get the body byte for byte; the same `id` again is delivered once.",
    answer: [202, schema.accepted],
    problems: [400, 413, 422],
  },
  "POST /events/batch": {
    ...{ id: "publishEvents", tag: "Events", summary: "Publish up to 100 events", body: schema.eventBatch },
    description: "All are accepted, or none.",
    answer: [202, schema.acceptedBatch],
    problems: [400, 413, 422],
  },
  "GET /deliveries": {
    ...{ id: "listDeliveries", tag: "Deliveries", summary: "List deliveries" },
    description:
      "Newest first, those of deleted webhooks too. One that is `pending` without attempts waits for its first, and can be shown by its id only after that. A page may be short: go on while there is a `next_cursor`.",
    query: deliveryQuery,
    answer: [200, schema.deliveryList],
    problems: [422],
  },
  "GET /deliveries/{id}": {
    ...{ id: "getDelivery", tag: "Deliveries", summary: "Show a delivery" },
    description: "With every attempt.",
    answer: [200, schema.deliveryShown],
    problems: [404],
  },
  "GET /undelivered": {
    ...{ id: "listUndelivered", tag: "Undelivered", summary: "List what was never delivered" },
    description: "Newest first, without the bodies.",
    query: undeliveredQuery,
    answer: [200, schema.deliveryList],
    problems: [422],
  },
  "GET /undelivered/{id}": {
    ...{ id: "getUndelivered", tag: "Undelivered", summary: "Look inside" },
    description: "With the body that was never delivered.",
    answer: [200, schema.undeliveredShown],
    problems: [404],
  },
  "DELETE /undelivered/{id}": {
    ...{
      id: "deleteUndelivered",
      tag: "Undelivered",
      summary: "Give it up for good",
      answer: [204],
      problems: [404],
    },
    description: "It leaves the table; the delivery stays listed for its time.",
  },
  "POST /undelivered/{id}/redeliver": {
    ...{ id: "redeliver", tag: "Undelivered", summary: "Redeliver one" },
    description: "A fresh run of attempts under the same `webhook-id`.",
    answer: [202, schema.redeliveryId],
    problems: [404, 409],
  },
  "POST /undelivered/redeliver": {
    ...{ id: "redeliverRange", tag: "Undelivered", summary: "Redeliver a range", body: schema.redelivery },
    description: "All of a webhook's that were given up in a time range, newest first, at a pace, as a job.",
    answer: [202, schema.redeliveryStarted],
    problems: [400, 404, 413, 422],
  },
  "GET /jobs/{id}": {
    ...{ id: "getJob", tag: "Undelivered", summary: "Show a job's progress" },
    description: "How many of a range are redelivered.",
    answer: [200, schema.job],
    problems: [404],
  },
  "DELETE /jobs/{id}": {
    ...{ id: "cancelJob", tag: "Undelivered", summary: "Cancel a job", answer: [204], problems: [404, 409] },
    description: "What is under way ends, nothing more is begun.",
  },
};
