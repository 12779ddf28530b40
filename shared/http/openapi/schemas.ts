import * as z from "zod/mini";
import { eventInput, MAX_BATCH_EVENTS } from "../../domain/accept-event.ts";
import { attempt, delivery, undelivered } from "../../domain/delivery.ts";
import { DEFAULT_ENDPOINT_PORTS } from "../../domain/endpoint-rules.ts";
import { eventId } from "../../domain/event.ts";
import { redeliveryRange } from "../../domain/redelivery-job.ts";
import { sampleEvent, testInput } from "../../domain/sample-event.ts";
import { webhook } from "../../domain/webhook.ts";
import { secretRotation, webhookInput, webhookPatch } from "../../domain/webhook-input.ts";

/** What the document says of a schema beside its shape. `id` names it under `components`. */
interface About {
  readonly id: string;
  readonly description: string;
  readonly examples?: unknown[];
  /** JSON Schema's, where zod has no word for it. */
  readonly minProperties?: number;
}

/** What callers send: as it is before defaults are filled in. */
export const inputs = z.registry<About>();
/** What callers get. */
export const outputs = z.registry<About>();

function input<Schema extends z.ZodMiniType>(
  schema: Schema,
  id: string,
  description: string,
  example: unknown,
): Schema {
  inputs.add(schema, { id, description, examples: [example] });
  return schema;
}
function output<Schema extends z.ZodMiniType>(schema: Schema, id: string, description: string): Schema {
  outputs.add(schema, { id, description });
  return schema;
}

const time = z.iso.datetime();
const list = <Item extends z.ZodMiniType>(item: Item) =>
  z.object({
    items: z.array(item),
    next_cursor: z
      .nullable(z.string())
      .check(z.describe("Give it as `cursor` for the next page; null on the last.")),
  });

const url = "https://api.example.com/claimr";
/** The document says what a URL may be in words; no setting changes it. */
const strictest = { allowPrivate: false, ports: DEFAULT_ENDPOINT_PORTS };
const sample = { id: "lisjywHXKAq6yQe2bH6Pd", ...sampleEvent("user_activity") };

export const newWebhook = input(webhookInput(strictest), "NewWebhook", "A webhook to register.", {
  scope: "user_activity",
  url: [url],
  hook_id: "crm",
  campaigns: ["sue7r1vO"],
});
export const webhookChanges = webhookPatch(strictest);
inputs.add(webhookChanges, {
  id: "WebhookChanges",
  description: "What it does not name stays.",
  examples: [{ status: "disabled" }],
  minProperties: 1,
});
export const newSecret = input(
  secretRotation,
  "NewSecret",
  "A secret of your own, or none to have one made.",
  {
    overlap_seconds: 3600,
  },
);
export const testSend = input(testInput, "TestSend", "The user that the sample event is about.", {
  user: "23945872938472",
});
export const event = input(
  eventInput,
  "Event",
  "A campaign event. Fields that are not listed pass through.",
  sample,
);
input(z.extend(eventInput, { id: eventId }), "DeliveredEvent", "An event as endpoints receive it.", sample);
export const eventBatch = input(
  z.strictObject({ events: z.array(eventInput).check(z.minLength(1), z.maxLength(MAX_BATCH_EVENTS)) }),
  "EventBatch",
  `Up to ${MAX_BATCH_EVENTS} events, accepted together or not at all.`,
  { events: [sample] },
);
export const redelivery = input(
  redeliveryRange,
  "RedeliveryRange",
  "What of a webhook's undelivered to send again.",
  {
    hook_id: "crm",
    since: "2026-11-23T12:00:00Z",
    dry_run: true,
  },
);

export const webhookShown = output(
  z.extend(
    z.pick(webhook, {
      hook_id: true,
      scope: true,
      urls: true,
      campaigns: true,
      status: true,
      created_at: true,
      updated_at: true,
    }),
    { disabled_urls: z.array(z.string()).check(z.describe("Endpoints that answered 410 Gone.")) },
  ),
  "Webhook",
  "A registered webhook, without its secrets.",
);
export const webhookCreated = output(
  z.extend(webhookShown, { secret: z.string().check(z.describe("Shown this once.")) }),
  "CreatedWebhook",
  "A webhook with the secret that signs its deliveries.",
);
export const secretRotated = output(
  z.extend(webhookCreated, {
    old_secrets_expire_at: z.nullable(time).check(z.describe("Until then they sign as well.")),
  }),
  "RotatedWebhook",
  "A webhook with its new secret.",
);
export const webhookList = output(list(webhookShown), "WebhookList", "Webhooks in the order of their ids.");
export const testResult = output(
  z.object({
    id: eventId,
    results: z.array(
      z.object({
        url: z.string(),
        delivered: z.boolean(),
        status: z.nullable(z.int()),
        duration_ms: z.int(),
        error: z.nullable(z.string()),
      }),
    ),
  }),
  "TestResult",
  "What each endpoint said to the sample event.",
);
export const accepted = output(z.object({ id: eventId }), "Accepted", "The id under which it is delivered.");
export const acceptedBatch = output(
  z.object({ ids: z.array(eventId) }),
  "AcceptedBatch",
  "Their ids, in order.",
);
output(attempt, "Attempt", "One attempt: when it was due, when it began, how long it took, what came of it.");
export const deliveryShown = output(
  z.omit(delivery, { account: true }),
  "Delivery",
  "One event on its way to one endpoint, with every attempt.",
);
export const deliveryList = output(list(deliveryShown), "DeliveryList", "Deliveries, newest first.");
export const undeliveredShown = output(
  z.omit(undelivered, { account: true }),
  "Undelivered",
  "A delivery that was given up, with the body that was never delivered.",
);
export const redeliveryStarted = output(
  z.object({
    job_id: z.nullable(z.string()).check(z.describe("Null for a dry run.")),
    matched: z
      .nullable(z.int())
      .check(z.describe("How many are waiting in the range; null: too many to count in time.")),
  }),
  "RedeliveryStarted",
  "A job that redelivers a range.",
);
export const redeliveryId = output(
  z.object({ id: z.string() }),
  "Redelivery",
  "The delivery that is taken up again.",
);
export const job = output(
  z.object({
    job_id: z.string(),
    hook_id: z.string(),
    status: z.enum(["running", "done", "cancelled"]),
    since: z.nullable(time),
    until: time,
    per_second: z.int(),
    matched: z.nullable(z.int()),
    redelivered: z.int(),
    skipped: z.int().check(z.describe("Left undelivered, because their endpoint is disabled or gone.")),
    created_at: time,
    updated_at: time,
  }),
  "Job",
  "How far a redelivery is.",
);
export const health = output(
  z.object({ status: z.literal("ok"), version: z.string() }),
  "Health",
  "It is up.",
);
export const problem = output(
  z.object({
    type: z.literal("about:blank"),
    title: z.string(),
    status: z.optional(z.int()),
    detail: z.string(),
    errors: z.optional(
      z.array(
        z.object({ path: z.string().check(z.describe("Dotted: `campaign.id`.")), message: z.string() }),
      ),
    ),
  }),
  "Problem",
  "A refusal (RFC 9457): what was wrong, and with which fields.",
);
