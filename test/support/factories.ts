import type { Attempt, Delivery, DeliveryMessage } from "../../shared/domain/delivery.ts";
import { deliveryId } from "../../shared/domain/delivery.ts";
import { sampleEvent } from "../../shared/domain/sample-event.ts";
import type { Webhook } from "../../shared/domain/webhook.ts";

export const AT = "2026-11-23T12:00:00.000Z";

/** The sample event as JSON text, with fields replaced. */
export const eventJson = (fields: Record<string, unknown> = {}): string =>
  JSON.stringify({ id: "lisjywHXKAq6yQe2bH6Pd", ...sampleEvent("user_activity"), ...fields });

export const aWebhook = (fields: Partial<Webhook> = {}): Webhook => ({
  account: "acme",
  hook_id: "hook",
  registration: "first",
  scope: "user_activity",
  urls: ["https://example.com/hook"],
  disabled_urls: [],
  slow_urls: [],
  campaigns: [],
  status: "active",
  secrets: [{ secret: "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw" }],
  created_at: AT,
  updated_at: AT,
  ...fields,
});

export const aMessage = (fields: Partial<DeliveryMessage> = {}): DeliveryMessage => ({
  account: "acme",
  hook_id: "hook",
  registration: "first",
  url: "https://example.com/hook",
  event_id: "lisjywHXKAq6yQe2bH6Pd",
  scope: "user_activity",
  body: eventJson(),
  attempt: 1,
  run_start: 1,
  lane: "fast",
  due_at: AT,
  ...fields,
});

export const anAttempt = (fields: Partial<Attempt> = {}): Attempt => ({
  number: 1,
  due_at: AT,
  started_at: AT,
  duration_ms: 12,
  status: 500,
  error: "answered 500",
  response: null,
  ...fields,
});

export const aDelivery = (fields: Partial<Delivery> = {}): Delivery => {
  const { account, hook_id, url, event_id, scope } = aMessage();
  return {
    ...{ id: deliveryId(aMessage()), account, hook_id, url, event_id, scope },
    status: "retrying",
    reason: null,
    attempts: [anAttempt()],
    next_attempt_at: AT,
    created_at: AT,
    updated_at: AT,
    ...fields,
  };
};
