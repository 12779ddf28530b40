import type { Attempt, Delivery, DeliveryMessage } from "../../shared/domain/delivery.ts";
import { deliveryId } from "../../shared/domain/delivery.ts";
import type { Webhook } from "../../shared/domain/webhook.ts";

export const AT = "2026-11-23T12:00:00.000Z";

/** The sample event of DESIGN §4, as JSON text, with fields replaced. */
export const eventJson = (fields: Record<string, unknown> = {}): string =>
  JSON.stringify({
    id: "lisjywHXKAq6yQe2bH6Pd",
    scope: "user_activity",
    user: "23945872938472",
    wallet: "0x71C7656EC7ab88b098defB751B7401B5f6d8976F",
    email: "user@example.com",
    campaign: { id: "sue7r1vO", name: "Test campaign" },
    event: {
      type: "action_completed",
      data: {
        action: { id: "_g06CbGQ", name: "reCAPTCHA", type: "recaptcha" },
        xp: 10,
        total_xp: 120,
        ref_xp: 0,
        ugc_xp: 0,
        xp_mul: 1,
        rank: 42,
        team: null,
      },
    },
    ...fields,
  });

export const aWebhook = (fields: Partial<Webhook> = {}): Webhook => ({
  account: "acme",
  hook_id: "hook",
  registration: "first",
  scope: "user_activity",
  urls: ["https://example.com/hook"],
  disabled_urls: [],
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
