import * as z from "zod/mini";

export const scopes = ["user_activity", "user_reward", "referral", "user_login"] as const;
export const scope = z.enum(scopes, { error: `must be one of ${scopes.join(", ")}` });
export type Scope = z.infer<typeof scope>;

/** Ids that travel in `webhook-id`: a dot would make the signed text `id.timestamp.body` ambiguous. */
export const eventId = z
  .string()
  .check(z.regex(/^[A-Za-z0-9_-]{1,64}$/, "must be 1 to 64 of A–Z, a–z, 0–9, _ and -"));

/** It travels beside the body, for routing. */
export const campaignId = z
  .string()
  .check(z.minLength(1), z.maxLength(128, "must be at most 128 characters"));

/** An event that passed every check, with what is needed to route it. */
export const acceptedEvent = z.object({
  id: eventId,
  scope,
  campaign: z.string(),
  /** The JSON text that endpoints receive. */
  body: z.string(),
});
export type AcceptedEvent = z.infer<typeof acceptedEvent>;
