import * as z from "zod";
import { delivery, deliveryId } from "./delivery.ts";

/** One endpoint of one webhook. */
const target = z.object({ hook_id: z.string(), url: z.string() });

/** What a fan-out has put on the deliveries queue: each of these events, to each of these endpoints. */
export const ledgerEntry = z.object({
  account: z.string(),
  event_ids: z.array(z.string()).min(1),
  endpoints: z.array(target),
});
export type LedgerEntry = z.infer<typeof ledgerEntry>;

/** The deliveries that an entry stands for. */
export const deliveryIds = ({ account, event_ids, endpoints }: LedgerEntry): string[] =>
  event_ids.flatMap((event_id) =>
    endpoints.map(({ hook_id, url }) => deliveryId({ account, hook_id, url, event_id })),
  );

/** A stored delivery, with what no API shows: when a redelivery last took it up again. */
export const accountedDelivery = delivery.extend({ taken_at: z.iso.datetime().optional() });
export type AccountedDelivery = z.infer<typeof accountedDelivery>;

/**
 * Longer than everything that may keep a delivery from its attempt while all works: our own failure returns a
 * message after at most 4 minutes, five times.
 */
const PATIENCE_MS = 30 * 60_000;

/** Where a delivery is: settled in one of three ways, on its way, or later than anything explains. */
export const whereabouts = ["delivered", "undelivered", "cancelled", "waiting", "overdue"] as const;
export type Whereabouts = (typeof whereabouts)[number];

/**
 * Where a delivery is, by what is stored of it.
 * @param found its record, and whether what was given up has its undelivered row; undefined when there is none
 * @param fannedOutAt epoch milliseconds; of several fan-outs, the first
 */
export function locate(
  found: { readonly delivery: AccountedDelivery; readonly hasUndeliveredRow: boolean } | undefined,
  fannedOutAt: number,
  now: number,
): Whereabouts {
  const waitingSince = (since: number) => (now - since > PATIENCE_MS ? "overdue" : "waiting");
  if (!found) return waitingSince(fannedOutAt);
  const { status, next_attempt_at, updated_at, taken_at } = found.delivery;
  switch (status) {
    case "delivered":
    case "cancelled":
      return status;
    case "undelivered":
      // Without its row nobody could see it or send it again: it is not settled.
      return found.hasUndeliveredRow ? status : waitingSince(Date.parse(updated_at));
    case "retrying":
      return waitingSince(Date.parse(next_attempt_at ?? updated_at));
    case "pending":
      // A redelivery keeps the time of its giving-up in `updated_at`: only its taking tells how long it waits.
      return taken_at === undefined ? "waiting" : waitingSince(Date.parse(taken_at));
  }
}

/** An account's deliveries, each counted once however often its event was published or fanned out. */
export type LedgerBalance = { events: number; deliveries: number } & Record<Whereabouts, number>;

export const emptyBalance = (): LedgerBalance => ({
  ...{ events: 0, deliveries: 0 },
  ...{ delivered: 0, undelivered: 0, cancelled: 0, waiting: 0, overdue: 0 },
});
