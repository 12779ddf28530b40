import {
  type Attempt,
  type Decision,
  type Delivery,
  type DeliveryMessage,
  decide,
  deliveryId,
  type Exchange,
  endpointIsGone,
  withAttempt,
} from "../../shared/domain/delivery.ts";
import type { RetryPolicy } from "../../shared/domain/retry.ts";
import { type SignedRequest, signedRequest } from "../../shared/domain/signed-request.ts";
import { endpointState, type Webhook } from "../../shared/domain/webhook.ts";

export interface DeliverDeps {
  readonly policy: RetryPolicy;
  readonly clock: { now(): number; sleep(ms: number): Promise<unknown> };
  readonly webhooks: {
    find(account: string, hookId: string): Promise<Webhook | undefined>;
    disableEndpoint(of: DeliveryMessage): Promise<void>;
  };
  readonly deliveries: {
    find(id: string): Promise<Delivery | undefined>;
    settle(delivered: Delivery, isNew: boolean): Promise<unknown>;
    relist(stored: Delivery): Promise<unknown>;
    advance(moved: Delivery, attemptsBefore: number | undefined): Promise<boolean>;
  };
  readonly keepUndelivered: (givenUp: Delivery, body: string) => Promise<void>;
  readonly timer: {
    /** Brings the message back for the attempt it names, at its due time. */
    set(next: DeliveryMessage): Promise<void>;
    /** Puts back a message that came before its due time. */
    hold(early: DeliveryMessage): Promise<void>;
  };
  readonly send: (request: SignedRequest) => Promise<Exchange>;
  readonly log: { info(event: string, fields: Readonly<Record<string, unknown>>): void };
}

/** SQS delays are whole seconds; half a second early is waited out here rather than sent round again. */
const WAIT_HERE_MS = 500;

/** No timer is this late, so a retry that is has none. */
const OVERDUE_MS = 120_000;

const iso = (epochMs: number) => new Date(epochMs).toISOString();

/**
 * Makes the one attempt that a message asks for, if it is still wanted, and sees to what follows from it. The
 * order is POST, record, follow up (timer, undelivered row), so that after a crash at any point another copy
 * of the message finds out from the record what is left to do.
 */
export function createDeliver(deps: DeliverDeps) {
  const { clock, deliveries } = deps;

  /** @param isRedelivered the message was handed out before, so an earlier run may have stopped half-way */
  return async function deliver(message: DeliveryMessage, isRedelivered: boolean): Promise<void> {
    const dueAt = Date.parse(message.due_at);
    if (dueAt - clock.now() > WAIT_HERE_MS) return deps.timer.hold(message);

    const [stored, webhook] = await Promise.all([
      deliveries.find(deliveryId(message)),
      deps.webhooks.find(message.account, message.hook_id),
    ]);
    if (stored && isDone(stored, message)) {
      if (isRedelivered || isUnfinished(stored, message, clock.now())) await followUp(stored, message);
      // The first record may have got in without its place in the log.
      if (message.attempt === 1 && (isRedelivered || isSameCopy(stored, message)))
        await deliveries.relist(stored);
      return;
    }
    const endpoint = endpointState(webhook, message, new Date(clock.now()));
    if (endpoint.is !== "live") return giveUp(stored, message, endpoint);

    const earlyMs = dueAt - clock.now();
    if (earlyMs > 0) await clock.sleep(earlyMs);
    const { attempt, exchange } = await makeAttempt(message, endpoint.secrets);
    const endedAt = clock.now();
    const decision = decide(deps.policy, message.attempt - message.run_start + 1, exchange, endedAt);
    const moved = applyDecision(stored ?? begin(message, endedAt), attempt, decision, endedAt);
    const isRecorded = await record(moved, stored);
    logAttempt(moved, attempt, isRecorded);
    if (isRecorded) await followUp(moved, message);
  };

  async function makeAttempt(message: DeliveryMessage, secrets: readonly string[]) {
    const startedAt = clock.now();
    const { event_id: id, body, url } = message;
    const exchange = await deps.send(signedRequest(url, secrets, { id, body }, startedAt));
    const attempt: Attempt = {
      number: message.attempt,
      due_at: message.due_at,
      started_at: iso(startedAt),
      duration_ms: exchange.durationMs,
      status: exchange.status,
      error: exchange.error,
      response: exchange.response,
    };
    return { attempt, exchange };
  }

  /** @returns false when another copy of the message was faster; its record stands */
  async function record(moved: Delivery, before: Delivery | undefined): Promise<boolean> {
    if (moved.status !== "delivered") return deliveries.advance(moved, before?.attempts.length);
    await deliveries.settle(moved, before === undefined);
    return true;
  }

  /** What a recorded delivery asks for next. Doing it twice changes nothing. */
  async function followUp(recorded: Delivery, message: DeliveryMessage): Promise<void> {
    // A copy that is older than the last attempt has nothing to add: that attempt's own message sets the
    // timer.
    const isLatest = recorded.attempts.length === message.attempt;
    if (recorded.status === "retrying" && recorded.next_attempt_at && isLatest) {
      await deps.timer.set({ ...message, attempt: message.attempt + 1, due_at: recorded.next_attempt_at });
    }
    if (recorded.status === "undelivered") {
      await deps.keepUndelivered(recorded, message.body);
      if (isLatest && endpointIsGone(recorded)) await deps.webhooks.disableEndpoint(message);
    }
  }

  /** Ends a delivery without an attempt: its endpoint is not there any more, or must not be called. */
  async function giveUp(
    stored: Delivery | undefined,
    message: DeliveryMessage,
    endpoint: { is: "removed" } | { is: "disabled"; reason: string },
  ): Promise<void> {
    const now = clock.now();
    const ended: Delivery = {
      ...(stored ?? begin(message, now)),
      ...(endpoint.is === "removed"
        ? { status: "cancelled", reason: "the endpoint was removed" }
        : { status: "undelivered", reason: endpoint.reason }),
      next_attempt_at: null,
      updated_at: iso(now),
    };
    const isRecorded = await record(ended, stored);
    deps.log.info("delivery.ended", { ...identity(ended), status: ended.status, reason: ended.reason });
    if (isRecorded) await followUp(ended, message);
  }

  function logAttempt(moved: Delivery, attempt: Attempt, recorded: boolean) {
    deps.log.info("delivery.attempted", {
      ...identity(moved),
      attempt: attempt.number,
      lateness_ms: Date.parse(attempt.started_at) - Date.parse(attempt.due_at),
      duration_ms: attempt.duration_ms,
      http_status: attempt.status,
      error: attempt.error,
      decision: moved.status,
      next_attempt_at: moved.next_attempt_at,
      ...(!recorded && { superseded: true }),
    });
  }
}

/** The attempt was made already, by an earlier copy, or nothing more is wanted. */
const isDone = (stored: Delivery, message: DeliveryMessage) =>
  !isUnderWay(stored) || stored.attempts.length >= message.attempt;

/**
 * For a message that came back from the dead-letter queue, where it may count as new: its attempt is
 * recorded, but what was to follow has not. A second publication of the event is told apart by its due time.
 */
function isUnfinished(stored: Delivery, message: DeliveryMessage, now: number): boolean {
  // Given up before the attempt it asked for.
  if (stored.status === "undelivered" && message.attempt === stored.attempts.length + 1) return true;
  if (!isSameCopy(stored, message)) return false;
  if (stored.status === "undelivered") return true;
  return stored.next_attempt_at !== null && Date.parse(stored.next_attempt_at) < now - OVERDUE_MS;
}

/** It asks for the very attempt that was made last, and is not another publication of the event. */
const isSameCopy = (stored: Delivery, message: DeliveryMessage) =>
  stored.attempts.at(-1)?.due_at === message.due_at;

const isUnderWay = ({ status }: Delivery) => status === "retrying" || status === "pending";

function begin(message: DeliveryMessage, now: number): Delivery {
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

function applyDecision(before: Delivery, attempt: Attempt, decision: Decision, endedAt: number): Delivery {
  return {
    ...before,
    status: decision.status,
    reason: decision.status === "undelivered" ? decision.reason : null,
    attempts: withAttempt(before.attempts, attempt),
    next_attempt_at: decision.status === "retrying" ? iso(decision.dueAt) : null,
    updated_at: iso(endedAt),
  };
}

const identity = ({ id, account, hook_id, event_id, url, scope }: Delivery) => ({
  delivery_id: id,
  account,
  hook_id,
  event_id,
  // Paths and queries may carry an integrator's token; the origin is enough to find a slow server.
  endpoint: new URL(url).origin,
  scope,
});
