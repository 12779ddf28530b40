import * as z from "zod";
import { type Delivery, deliveryView } from "../../shared/domain/delivery.ts";
import { Problem, parseInput } from "../../shared/domain/problem.ts";
import { hookId } from "../../shared/domain/webhook.ts";
import type { ApiAnswer, ApiRequest } from "../../shared/http/api.ts";
import { cursorOf, paging } from "../../shared/http/paging.ts";

type Undelivered = Delivery & { readonly body: string };

export interface UndeliveredDeps {
  /** The ids of an account's webhooks. */
  readonly hookIds: (account: string) => Promise<readonly string[]>;
  readonly findDelivery: (id: string) => Promise<Delivery | undefined>;
  readonly undelivered: {
    find(of: Delivery): Promise<Undelivered | undefined>;
    page(
      owners: readonly { account: string; hookId: string }[],
      limit: number,
      range: { before?: string | undefined; since?: string | undefined; until?: string | undefined },
    ): Promise<{ items: Delivery[]; next?: string }>;
  };
}

const time = z.iso
  .datetime({ offset: true, error: "must be an ISO 8601 time, like 2026-11-23T12:00:00Z" })
  .transform((text) => new Date(text).toISOString());
const listQuery = z.strictObject({
  ...paging,
  hook_id: hookId.optional(),
  since: time.optional(),
  until: time.optional(),
});
const cursor = cursorOf(z.string().min(1).max(128));

/** What was never delivered, and why. */
export function createUndelivered({ hookIds, findDelivery, undelivered }: UndeliveredDeps) {
  return {
    async list({ account, query }: ApiRequest): Promise<ApiAnswer> {
      const { limit, cursor: from, hook_id, since, until } = parseInput(listQuery, query);
      const ids = hook_id === undefined ? await hookIds(account) : [hook_id];
      const owners = ids.map((hookId) => ({ account, hookId }));
      const { items, next } = await undelivered.page(owners, limit, {
        before: cursor.read(from),
        since,
        until,
      });
      return { status: 200, body: { items: items.map(deliveryView), next_cursor: cursor.write(next) } };
    },

    /** With the body that was never delivered. */
    async show({ account, path }: ApiRequest): Promise<ApiAnswer> {
      const known = await findDelivery(path.id ?? "");
      const found = known?.account === account ? await undelivered.find(known) : undefined;
      if (!found) throw new Problem("not-found", "There is no such undelivered delivery");
      return { status: 200, body: deliveryView(found) };
    },
  };
}
