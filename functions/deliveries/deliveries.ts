import * as z from "zod";
import { type Delivery, deliveryView, isDeliveryId } from "../../shared/domain/delivery.ts";
import { Problem, parseInput } from "../../shared/domain/problem.ts";
import type { ApiAnswer, ApiRequest } from "../../shared/http/api.ts";
import { type HookIds, listOwners } from "../../shared/http/list-owners.ts";
import { cursorOf, positionInTime } from "../../shared/http/paging.ts";
import { deliveryQuery } from "../../shared/http/queries.ts";

const position = z.strictObject({ sk: positionInTime, taken: z.int().positive() });
type Position = z.infer<typeof position>;

export interface DeliveriesDeps {
  readonly hookIds: HookIds;
  readonly deliveryLog: {
    find(id: string): Promise<Delivery | undefined>;
    page(
      owners: readonly { account: string; hookId: string }[],
      limit: number,
      matches: (candidate: Delivery) => boolean,
      from?: Position,
    ): Promise<{ items: Delivery[]; next?: Position }>;
  };
}

const cursor = cursorOf(position);

/** The delivery log: what was sent, when, and what the endpoint said to it. */
export function createDeliveries({ hookIds, deliveryLog }: DeliveriesDeps) {
  return {
    async list({ account, query }: ApiRequest): Promise<ApiAnswer> {
      const { limit, cursor: from, hook_id, status } = parseInput(deliveryQuery, query);
      const owners = await listOwners(account, hook_id, hookIds);
      const hasStatus = (candidate: Delivery) => status === undefined || candidate.status === status;
      const { items, next } = await deliveryLog.page(owners, limit, hasStatus, cursor.read(from));
      return { status: 200, body: { items: items.map(deliveryView), next_cursor: cursor.write(next) } };
    },

    async show({ account, path }: ApiRequest): Promise<ApiAnswer> {
      const { id = "" } = path;
      const found = isDeliveryId(id) ? await deliveryLog.find(id) : undefined;
      if (found?.account !== account) throw new Problem("not-found", "There is no such delivery");
      return { status: 200, body: deliveryView(found) };
    },
  };
}
