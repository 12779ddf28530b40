import {
  type Attempt,
  type Decision,
  type Delivery,
  type DeliveryMessage,
  deliveryId,
  latestAttempt,
  withAttempt,
} from "../../shared/domain/delivery.ts";

/** No timer is this late, so a retry that is has none. */
const OVERDUE_MS = 120_000;

export const iso = (epochMs: number) => new Date(epochMs).toISOString();

const isUnderWay = ({ status }: Delivery) => status === "retrying" || status === "pending";

/** The attempt was made already, by an earlier copy, or nothing more is wanted. */
export const isDone = (stored: Delivery, message: DeliveryMessage) =>
  !isUnderWay(stored) || latestAttempt(stored) >= message.attempt;

/**
 * For a message that came back from the dead-letter queue, where it may count as new: its attempt is
 * recorded, but what was to follow has not. A second publication of the event is told apart by its due time.
 */
export function isUnfinished(stored: Delivery, message: DeliveryMessage, now: number): boolean {
  // Given up before the attempt it asked for.
  if (stored.status === "undelivered" && message.attempt === latestAttempt(stored) + 1) return true;
  if (!isSameCopy(stored, message)) return false;
  if (stored.status === "undelivered") return true;
  return stored.next_attempt_at !== null && Date.parse(stored.next_attempt_at) < now - OVERDUE_MS;
}

/** It asks for the very attempt that was made last, and is not another publication of the event. */
const isSameCopy = (stored: Delivery, message: DeliveryMessage) =>
  stored.attempts.at(-1)?.due_at === message.due_at;

/** A delivery before its first attempt. */
export function begin(message: DeliveryMessage, now: number): Delivery {
  const { account, hook_id, url, event_id, scope } = message;
  return {
    ...{ id: deliveryId(message), account, hook_id, url, event_id, scope },
    status: "pending",
    reason: null,
    attempts: [],
    next_attempt_at: null,
    created_at: iso(now),
    updated_at: iso(now),
  };
}

export function applyDecision(
  before: Delivery,
  attempt: Attempt,
  decision: Decision,
  endedAt: number,
): Delivery {
  return {
    ...before,
    status: decision.status,
    reason: decision.status === "undelivered" ? decision.reason : null,
    attempts: withAttempt(before.attempts, attempt),
    next_attempt_at: decision.status === "retrying" ? iso(decision.dueAt) : null,
    updated_at: iso(endedAt),
  };
}
