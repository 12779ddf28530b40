import * as z from "zod/mini";
import {
  type Delivery,
  type DeliveryStatus,
  deliveryView,
  isDeliveryId,
} from "../../shared/domain/delivery.ts";
import { Problem, parseInput } from "../../shared/domain/problem.ts";
import type { ApiAnswer, ApiRequest } from "../../shared/http/api.ts";
import { cursorOf, positionInTime } from "../../shared/http/paging.ts";
import { deliveryQuery } from "../../shared/http/queries.ts";

/** After a ledger entry, or inside it. */
const position = z.strictObject({ sk: positionInTime, taken: z.optional(z.int().check(z.positive())) });
type Position = z.infer<typeof position>;

export interface DeliveriesDeps {
  readonly find: (id: string) => Promise<Delivery | undefined>;
  /** Up to `limit` deliveries that the filter lets through, newest first. */
  readonly page: (
    account: string,
    limit: number,
    filter: { hookId: string | undefined; status: DeliveryStatus | undefined },
    from: Position | undefined,
  ) => Promise<{ items: Delivery[]; next?: Position }>;
}

const cursor = cursorOf(position);

/** The deliveries: what was sent, when, and what the endpoint said to it. */
export function createDeliveries({ find, page }: DeliveriesDeps) {
  return {
    async list({ account, query }: ApiRequest): Promise<ApiAnswer> {
      const { limit, cursor: from, hook_id: hookId, status } = parseInput(deliveryQuery, query);
      const { items, next } = await page(account, limit, { hookId, status }, cursor.read(from));
      return { status: 200, body: { items: items.map(deliveryView), next_cursor: cursor.write(next) } };
    },

    async show({ account, path }: ApiRequest): Promise<ApiAnswer> {
      const { id = "" } = path;
      const found = isDeliveryId(id) ? await find(id) : undefined;
      if (found?.account !== account) throw new Problem("not-found", "There is no such delivery");
      return { status: 200, body: deliveryView(found) };
    },
  };
}
