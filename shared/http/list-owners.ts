import { Problem } from "../domain/problem.ts";

/**
 * A list of all of an account's webhooks is merged from the timelines of each of them. Of more than these it
 * would take longer than a caller waits.
 */
const MAX_WEBHOOKS_MERGED = 100;

/** The ids of an account's webhooks; undefined when there are more than `max`. */
export type HookIds = (account: string, max: number) => Promise<readonly string[] | undefined>;

/**
 * Whose timelines a list is read from: those of one webhook, or of all.
 * @throws Problem `invalid` when they are too many for one list
 */
export async function listOwners(account: string, hookId: string | undefined, hookIds: HookIds) {
  const ids = hookId === undefined ? await hookIds(account, MAX_WEBHOOKS_MERGED) : [hookId];
  if (ids) return ids.map((id) => ({ account, hookId: id }));
  throw new Problem("invalid", "Some fields are not valid", [
    { path: "hook_id", message: `is needed: the account has more than ${MAX_WEBHOOKS_MERGED} webhooks` },
  ]);
}
