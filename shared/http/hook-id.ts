import { Problem } from "../domain/problem.ts";
import { hookId } from "../domain/webhook.ts";
import type { ApiRequest } from "./api.ts";

/** Another account's webhook and one that never was get the same answer. */
export const noSuchWebhook = () => new Problem("not-found", "There is no such webhook");

/** The webhook that a path names. One that cannot exist is not looked up. @throws Problem `not-found` */
export function hookIdOf({ path }: ApiRequest): string {
  const parsed = hookId.safeParse(path.hook_id);
  if (!parsed.success) throw noSuchWebhook();
  return parsed.data;
}
