import { type Delivery, deliveryView, isDeliveryId, type Undelivered } from "../../shared/domain/delivery.ts";
import { Problem, parseInput } from "../../shared/domain/problem.ts";
import type { ApiAnswer, ApiRequest } from "../../shared/http/api.ts";
import { type HookIds, listOwners } from "../../shared/http/list-owners.ts";
import { cursorOf, positionInTime } from "../../shared/http/paging.ts";
import { undeliveredQuery } from "../../shared/http/queries.ts";

export interface UndeliveredDeps {
  readonly hookIds: HookIds;
  readonly findDelivery: (id: string) => Promise<Delivery | undefined>;
  readonly undelivered: {
    find(of: Delivery): Promise<Undelivered | undefined>;
    page(
      owners: readonly { account: string; hookId: string }[],
      limit: number,
      range: { before?: string | undefined; since?: string | undefined; until?: string | undefined },
    ): Promise<{ items: Delivery[]; next?: string }>;
    remove(row: Delivery): Promise<void>;
  };
  /** Ends the delivery for good. */
  readonly forget: (id: string) => Promise<void>;
}

const cursor = cursorOf(positionInTime);

/** What was never delivered, and why. */
export function createUndelivered({ hookIds, findDelivery, undelivered, forget }: UndeliveredDeps) {
  /** @throws Problem `not-found`, for another account's as for none */
  async function findMine(account: string, id: string): Promise<Undelivered> {
    const known = isDeliveryId(id) ? await findDelivery(id) : undefined;
    const found = known?.account === account ? await undelivered.find(known) : undefined;
    if (!found) throw new Problem("not-found", "There is no such undelivered delivery");
    return found;
  }

  return {
    findMine,

    async list({ account, query }: ApiRequest): Promise<ApiAnswer> {
      const { limit, cursor: from, hook_id, since, until } = parseInput(undeliveredQuery, query);
      const owners = await listOwners(account, hook_id, hookIds);
      const { items, next } = await undelivered.page(owners, limit, {
        before: cursor.read(from),
        since,
        until,
      });
      return { status: 200, body: { items: items.map(deliveryView), next_cursor: cursor.write(next) } };
    },

    /** With the body that was never delivered. */
    async show({ account, path }: ApiRequest): Promise<ApiAnswer> {
      return { status: 200, body: deliveryView(await findMine(account, path.id ?? "")) };
    },

    async remove({ account, path }: ApiRequest): Promise<ApiAnswer> {
      const found = await findMine(account, path.id ?? "");
      // In this order, as a call that failed between the two can then be repeated: the row is still found.
      await forget(found.id);
      await undelivered.remove(found);
      return { status: 204 };
    },
  };
}
