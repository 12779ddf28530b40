import { hash } from "node:crypto";
import * as z from "zod/mini";
import { eventId, scope } from "./event.ts";
import { nextDueAt, parseRetryAfter, type RetryPolicy } from "./retry.ts";

const HTTP_GONE = 410;
/** Of so many attempts, the latest, the answers are kept: a stored delivery must not outgrow DynamoDB's 400 KB. */
const MAX_KEPT_RESPONSES = 20;
/** Beyond these a delivery is not taken up again, for the same reason. */
export const MAX_ATTEMPTS = 300;

export const deliveryStatus = z.enum(["pending", "retrying", "delivered", "undelivered", "cancelled"]);
export type DeliveryStatus = z.infer<typeof deliveryStatus>;

/** What is kept of one attempt. */
export const attempt = z.object({
  number: z.int().check(z.positive()),
  due_at: z.iso.datetime(),
  started_at: z.iso.datetime(),
  duration_ms: z.int().check(z.nonnegative()),
  /** HTTP status, or null when no answer came. */
  status: z.nullable(z.int()),
  /** Why it does not count as delivered; null when it does. */
  error: z.nullable(z.string()),
  /** The first 1 KiB of the answer's body. */
  response: z.nullable(z.string()),
});
export type Attempt = z.infer<typeof attempt>;

/** One event on its way to one endpoint. */
export const delivery = z.object({
  id: z.string(),
  account: z.string(),
  hook_id: z.string(),
  url: z.string(),
  event_id: eventId,
  scope,
  status: deliveryStatus,
  /** Why it is undelivered or cancelled; null otherwise. */
  reason: z.nullable(z.string()),
  attempts: z.array(attempt),
  /** While it is retrying: when the next attempt is due. */
  next_attempt_at: z.nullable(z.iso.datetime()),
  created_at: z.iso.datetime(),
  updated_at: z.iso.datetime(),
});
export type Delivery = z.infer<typeof delivery>;

/** A delivery that was given up, with the body that was never delivered. */
export const undelivered = z.extend(delivery, { body: z.string() });
export type Undelivered = z.infer<typeof undelivered>;

/**
 * Messages for endpoints that have lately been slow to answer travel on a queue of their own, so that waiting
 * for those holds up nobody else.
 */
export const lane = z.enum(["fast", "slow"]);
export type Lane = z.infer<typeof lane>;

/**
 * An attempt that takes this long makes its endpoint a slow one. Until then each event to it holds an invocation, of
 * which there are ten at first: a moderate stream of events takes longer than this to hold them all.
 */
export const SLOW_MS = 1_000;

export const laneAfter = ({ duration_ms }: Attempt): Lane => (duration_ms >= SLOW_MS ? "slow" : "fast");

/** An attempt to make: what travels through the deliveries queue and inside retry schedules. */
export const deliveryMessage = z.object({
  account: z.string(),
  hook_id: z.string(),
  registration: z.string(),
  url: z.string(),
  event_id: eventId,
  scope,
  body: z.string(),
  /** The number of the attempt to make, from 1. */
  attempt: z.int().check(z.positive()),
  /** The number of the first attempt of this run of the retry policy: a redelivery begins a new one. */
  run_start: z._default(z.int().check(z.positive()), 1),
  lane: z._default(lane, "fast"),
  due_at: z.iso.datetime(),
});
export type DeliveryMessage = z.infer<typeof deliveryMessage>;

/** What EventBridge Scheduler leaves in a dead-letter queue: the input of the call that it could not make. */
const scheduledMessage = z.object({ MessageBody: z.string() });

/**
 * A message of the deliveries queue, also one that was redriven from the dead letters of a schedule.
 * @throws $ZodError
 */
export function readDeliveryMessage(json: string): DeliveryMessage {
  const message: unknown = JSON.parse(json);
  const parsed = deliveryMessage.safeParse(message);
  if (parsed.success) return parsed.data;
  const scheduled = scheduledMessage.safeParse(message);
  if (!scheduled.success) throw parsed.error;
  return deliveryMessage.parse(JSON.parse(scheduled.data.MessageBody));
}

type Target = Pick<DeliveryMessage, "account" | "hook_id" | "url">;

/** The same event to the same endpoint is one delivery, however often it is published or fanned out. */
export const deliveryId = (of: Target & Pick<DeliveryMessage, "event_id">): string =>
  `dlv_${digest([of.account, of.hook_id, of.url, of.event_id])}`;

/** What cannot be an id is not looked up. */
export const isDeliveryId = (text: string): boolean => /^dlv_[A-Za-z0-9_-]{24}$/.test(text);

/** One endpoint is one tenant of the deliveries queue (SQS fair queues), so a slow one delays only itself. */
export const endpointGroup = (of: Target): string => `ep_${digest([of.account, of.hook_id, of.url])}`;

/** 144 bits in 24 characters that are safe in URLs and in schedule names. */
const digest = (parts: readonly string[]) => hash("sha256", JSON.stringify(parts), "base64url").slice(0, 24);

/** What came of one attempt. A receiver's failure is a value: nothing is thrown for it. */
export interface Exchange {
  /** null: no status line arrived. */
  readonly status: number | null;
  /** null: delivered. Otherwise a sentence for the endpoint's owner. */
  readonly error: string | null;
  readonly durationMs: number;
  /** The first 1 KiB of the body as text; null when there was none. */
  readonly response: string | null;
  /** The header as it came, unparsed. */
  readonly retryAfter: string | undefined;
}

export type Decision =
  | { readonly status: "delivered" }
  | { readonly status: "retrying"; readonly dueAt: number }
  | { readonly status: "undelivered"; readonly reason: string };

/**
 * What follows from an attempt.
 * @param number of the attempt within its run, from 1
 * @param endedAt epoch milliseconds
 */
export function decide(policy: RetryPolicy, number: number, exchange: Exchange, endedAt: number): Decision {
  if (exchange.error === null) return { status: "delivered" };
  if (exchange.status === HTTP_GONE) {
    return { status: "undelivered", reason: "the endpoint answered 410 Gone" };
  }
  const dueAt = nextDueAt(policy, number, endedAt, parseRetryAfter(exchange.retryAfter, endedAt));
  if (dueAt !== undefined) return { status: "retrying", dueAt };
  return { status: "undelivered", reason: `all ${number} attempts failed` };
}

/** The attempts so far and one more, with the answers of the latest. */
export const withAttempt = (before: readonly Attempt[], latest: Attempt): Attempt[] => [
  ...before.map((old, index) =>
    before.length - index < MAX_KEPT_RESPONSES ? old : { ...old, response: null },
  ),
  latest,
];

/**
 * The number of the latest attempt, 0 before the first. Not how many are known: where a record was lost, as when a
 * table is restored, the next attempt begins another, without those before it.
 */
export const latestAttempt = ({ attempts }: Pick<Delivery, "attempts">): number =>
  attempts.at(-1)?.number ?? 0;

/** Whether its endpoint asked, at the last attempt, never to be called again (RFC 9110 §15.5.11). */
export const endpointIsGone = ({ attempts }: Delivery): boolean => attempts.at(-1)?.status === HTTP_GONE;

/**
 * The message that begins a fresh run for a delivery that was given up: the same event id and body, and
 * attempts that are numbered on, so that a copy of any earlier message is still told apart.
 */
export function redeliveryMessage(
  of: Delivery,
  registration: string,
  body: string,
  now: Date,
): DeliveryMessage {
  const { account, hook_id, url, event_id, scope: eventScope } = of;
  const next = latestAttempt(of) + 1;
  return {
    ...{ account, hook_id, registration, url, event_id, scope: eventScope, body },
    ...{ attempt: next, run_start: next, lane: "fast", due_at: now.toISOString() },
  };
}

/** What the API shows of a delivery: everything but whose it is, which the caller knows. */
export function deliveryView<Stored extends Delivery>({
  account: _,
  ...shown
}: Stored): Omit<Stored, "account"> {
  return shown;
}
