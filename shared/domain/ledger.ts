import * as z from "zod/mini";
import { type Delivery, deliveryId } from "./delivery.ts";
import { type Scope, scope } from "./event.ts";

/** One endpoint of one webhook. */
const target = z.object({ hook_id: z.string(), url: z.string() });

/** Events of one scope that go to the same endpoints. */
export const ledgerGroup = z.object({
  /** Entries were once written without it. */
  scope: z.optional(scope),
  event_ids: z.array(z.string()).check(z.minLength(1)),
  endpoints: z.array(target),
});
export type LedgerGroup = z.infer<typeof ledgerGroup>;

/** What fan-outs have put on the deliveries queue: the events of each group, to each of its endpoints. */
export const ledgerEntry = z.object({
  account: z.string(),
  /** When the first of its publications was accepted. Entries were once written without it. */
  accepted_at: z.optional(z.iso.datetime()),
  groups: z.array(ledgerGroup),
});
export type LedgerEntry = z.infer<typeof ledgerEntry>;

/** A delivery that an entry stands for. */
export interface QueuedDelivery extends Pick<Delivery, "account" | "hook_id" | "url" | "event_id"> {
  readonly scope: Scope | undefined;
  /** Its place in the entry, from 0: the same whenever the entry is read. */
  readonly index: number;
}

/** The deliveries that an entry stands for. @param hookId those of this webhook only */
export function* queuedDeliveries(
  { account, groups }: LedgerEntry,
  hookId?: string,
): Generator<QueuedDelivery, undefined> {
  let before = 0;
  for (const { scope, event_ids, endpoints } of groups) {
    const wanted = [...endpoints.entries()].filter(([, { hook_id }]) => (hookId ?? hook_id) === hook_id);
    for (const event_id of event_ids) {
      for (const [index, { hook_id, url }] of wanted)
        yield { account, hook_id, url, event_id, scope, index: before + index };
      before += endpoints.length;
    }
  }
}

export const deliveryIds = (entry: LedgerEntry): string[] => [...queuedDeliveries(entry)].map(deliveryId);

/** No SQS queue keeps a message longer (SQS quotas). */
const MAX_WAIT_MS = 14 * 86_400_000;

/** When an entry was written, and until when it counts (epoch seconds). */
interface EntryTimes extends Pick<LedgerEntry, "accepted_at"> {
  readonly fanned_out_at: string;
  readonly expires_at: number;
}

/**
 * A delivery that nothing is stored of, as people see it: its first attempt is still to come. Not for ever: where no
 * message can be waiting any more the record has expired, as one of an event that was published again may before
 * the entry, or is lost.
 */
export function notBegun(queued: QueuedDelivery, entry: EntryTimes, now: number): Delivery | undefined {
  const { scope: known, index: _, ...of } = queued;
  if (known === undefined || now - Date.parse(entry.fanned_out_at) > MAX_WAIT_MS) return undefined;
  return {
    ...{ id: deliveryId(of), ...of, scope: known, status: "pending", reason: null, attempts: [] },
    ...{ next_attempt_at: null, created_at: entry.fanned_out_at, updated_at: entry.fanned_out_at },
  };
}

/** What the clocks of two machines may differ by. */
const CLOCK_SKEW_MS = 1_000;

/**
 * Whether a delivery belongs to an earlier entry than this one: it was begun before what this entry stands for was
 * even accepted, so its event was published again since. The earlier entry may have expired; it is then listed here.
 */
export function isListedEarlier({ created_at }: Delivery, entry: EntryTimes, now: number): boolean {
  if (entry.accepted_at === undefined) return false;
  const begunAt = Date.parse(created_at);
  const lifeMs = entry.expires_at * 1000 - Date.parse(entry.fanned_out_at);
  return begunAt < Date.parse(entry.accepted_at) - CLOCK_SKEW_MS && begunAt + lifeMs > now;
}

/** A stored delivery, with what no API shows: when a redelivery last took it up again. */
export interface AccountedDelivery extends Delivery {
  /** ISO time. */
  readonly taken_at?: string | undefined;
}

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
