import type { Scope } from "./types.ts";

/** What each scope's events are about, as claimr's documentation has it. */
export const scopeLabels: Record<Scope, string> = {
  user_activity: "User activity",
  user_reward: "User reward",
  referral: "Referral",
  user_login: "User login",
};

export const scopeHints: Record<Scope, string> = {
  user_activity: "A user completed an action or a quest",
  user_reward: "A reward was allocated to a user",
  referral: "A referred user joined or acted",
  user_login: "A user signed in",
};
