import * as z from "zod";
import { deliveryStatus } from "../domain/delivery.ts";
import { time } from "../domain/time.ts";
import { hookId } from "../domain/webhook.ts";
import { paging } from "./paging.ts";

/** What each list may be asked for. The functions validate with these, and the OpenAPI document is made from them. */
export const webhookQuery = z.strictObject(paging);

export const deliveryQuery = z.strictObject({
  ...paging,
  hook_id: hookId.optional().describe("Only of this webhook."),
  status: deliveryStatus
    .optional()
    .describe("Only what is so now. `pending` is also what waits for its first attempt."),
});

export const undeliveredQuery = z.strictObject({
  ...paging,
  hook_id: hookId.optional().describe("Only of this webhook. Needed by an account with more than 100."),
  since: time.optional().describe("Given up at or after."),
  until: time.optional().describe("Given up before."),
});
