import * as z from "zod/mini";
import { deliveryStatus } from "../domain/delivery.ts";
import { time } from "../domain/time.ts";
import { hookId } from "../domain/webhook.ts";
import { paging } from "./paging.ts";

/** What each list may be asked for. The functions validate with these, and the OpenAPI document is made from them. */
export const webhookQuery = z.strictObject(paging);

export const deliveryQuery = z.strictObject({
  ...paging,
  hook_id: z.optional(hookId).check(z.describe("Only of this webhook.")),
  status: z
    .optional(deliveryStatus)
    .check(z.describe("Only what is so now. `pending` is also what waits for its first attempt.")),
});

export const undeliveredQuery = z.strictObject({
  ...paging,
  hook_id: z
    .optional(hookId)
    .check(z.describe("Only of this webhook. Needed by an account with more than 100.")),
  since: z.optional(time).check(z.describe("Given up at or after.")),
  until: z.optional(time).check(z.describe("Given up before.")),
});
