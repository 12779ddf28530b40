import * as z from "zod/mini";
import type { Scope } from "./event.ts";

const action = { id: "_g06CbGQ", name: "reCAPTCHA", type: "recaptcha" };
const points = { xp: 10, total_xp: 120, ref_xp: 0, ugc_xp: 0, xp_mul: 1, rank: 42, team: null };

/** What an event of each scope is about. */
const contents: Record<Scope, { type: string; data: object }> = {
  user_activity: { type: "action_completed", data: { action, ...points } },
  user_reward: {
    type: "reward_allocated",
    data: { reward: { id: "r7Yw2kQp", name: "Early bird" }, ...points },
  },
  referral: { type: "referral_joined", data: { referral: { user: "23945872938473" }, ...points } },
  user_login: { type: "user_logged_in", data: { provider: "wallet" } },
};

/**
 * A complete event as the platform publishes them, without an `id`: for documents, examples and test sends.
 */
export const sampleEvent = (scope: Scope, user = "23945872938472") => ({
  scope,
  user,
  wallet: "0x71C7656EC7ab88b098defB751B7401B5f6d8976F",
  email: "user@example.com",
  campaign: { id: "sue7r1vO", name: "Test campaign" },
  event: contents[scope],
});

/** The body of `POST /webhooks/{hook_id}/test`: whom the sample event is about. */
export const testInput = z.strictObject({
  user: z
    .string()
    .check(z.minLength(1, "must not be empty"), z.maxLength(256, "must be at most 256 characters")),
});
