import {
  type Attempt,
  type Delivery,
  type DeliveryMessage,
  decide,
  deliveryId,
  type Exchange,
  endpointIsGone,
  laneAfter,
} from "../../shared/domain/delivery.ts";
import type { Measure } from "../../shared/domain/metric.ts";
import { remember } from "../../shared/domain/remember.ts";
import type { RetryPolicy } from "../../shared/domain/retry.ts";
import { type SignedRequest, signedRequest } from "../../shared/domain/signed-request.ts";
import { endpointState, isSlow, type Webhook } from "../../shared/domain/webhook.ts";
import { applyDecision, begin, isDone, iso, isUnfinished } from "./progress.ts";

export interface DeliverDeps {
  readonly policy: RetryPolicy;
  readonly clock: { now(): number; sleep(ms: number): Promise<unknown> };
  readonly webhooks: {
    find(account: string, hookId: string): Promise<Webhook | undefined>;
    disableEndpoint(of: DeliveryMessage): Promise<unknown>;
  };
  readonly deliveries: {
    find(id: string): Promise<Delivery | undefined>;
    settle(delivered: Delivery): Promise<unknown>;
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
  /** Watches an attempt, and lets others know when its endpoint is slow. */
  readonly watch: (webhook: Webhook, url: string, attempt: () => Promise<Exchange>) => Promise<Exchange>;
  readonly log: { info(event: string, fields: Readonly<Record<string, unknown>>): void };
  readonly measure: Measure;
}

/** Retries are to begin within a second of their due time. Of those that do, only the metric says how late. */
const LATE_MS = 1_000;
/** SQS delays are whole seconds; half a second early is waited out here rather than sent round again. */
const WAIT_HERE_MS = 500;

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
      return;
    }
    const endpoint = endpointState(webhook, message, new Date(clock.now()));
    if (endpoint.is !== "live") return giveUp(stored, message, endpoint);
    if (message.lane === "fast" && isSlow(endpoint.webhook, message.url, new Date(clock.now())))
      return deps.timer.hold({ ...message, lane: "slow" });

    const earlyMs = dueAt - clock.now();
    if (earlyMs > 0) await clock.sleep(earlyMs);
    const { attempt, exchange } = await makeAttempt(message, endpoint);
    const endedAt = clock.now();
    const decision = decide(deps.policy, message.attempt - message.run_start + 1, exchange, endedAt);
    const moved = applyDecision(stored ?? begin(message, endedAt), attempt, decision, endedAt);
    const isRecorded = await record(moved, stored);
    tellOfAttempt(moved, attempt, { isRecorded, runStart: message.run_start });
    if (isRecorded) await followUp(moved, message);
  };

  async function makeAttempt(message: DeliveryMessage, live: { webhook: Webhook; secrets: string[] }) {
    const startedAt = clock.now();
    const { event_id: id, body, url } = message;
    const request = signedRequest(url, live.secrets, { id, body }, startedAt);
    const exchange = await deps.watch(live.webhook, url, () => deps.send(request));
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
    await deliveries.settle(moved);
    return true;
  }

  /** What a recorded delivery asks for next. Doing it twice changes nothing. */
  async function followUp(recorded: Delivery, message: DeliveryMessage): Promise<void> {
    // A copy that is older than the last attempt has nothing to add: that attempt's own message sets the
    // timer.
    const latest = recorded.attempts.at(-1);
    const isLatest = latest?.number === message.attempt;
    if (recorded.status === "retrying" && recorded.next_attempt_at && isLatest) {
      const next = { attempt: message.attempt + 1, due_at: recorded.next_attempt_at };
      await deps.timer.set({ ...message, ...next, lane: laneAfter(latest) });
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
    deps.log.info("delivery.ended", { ...identity(ended), decision: ended.status, reason: ended.reason });
    if (isRecorded) deps.measure(endpoint.is === "removed" ? "Cancelled" : "Undelivered", ended.scope);
    if (isRecorded) await followUp(ended, message);
  }

  /** The one line of an attempt, and its metrics. A copy of the message that was slower decides nothing. */
  function tellOfAttempt(
    moved: Delivery,
    attempt: Attempt,
    { isRecorded, runStart }: { isRecorded: boolean; runStart: number },
  ) {
    // The clock that waits for the due time may be a millisecond ahead of the one that is asked here.
    const latenessMs = Math.max(0, Date.parse(attempt.started_at) - Date.parse(attempt.due_at));
    const { scope } = moved;
    const isRetry = attempt.number > runStart;
    deps.measure("EndpointLatency", scope, attempt.duration_ms);
    if (isRetry) deps.measure("RetryLateness", scope, latenessMs);
    if (isRecorded) measureDecision(moved, runStart);

    // Paid for by the byte, a million times: what can be told from the rest is left out (docs/observability.md).
    const arrived = moved.status === "delivered";
    const { endpoint, ...ids } = identity(moved);
    deps.log.info("delivery.attempted", {
      ...ids,
      ...((!arrived || isRetry) && { endpoint }),
      attempt: attempt.number,
      duration_ms: attempt.duration_ms,
      ...(isRetry && latenessMs >= LATE_MS && { lateness_ms: latenessMs }),
      ...(attempt.status !== null && !(arrived && attempt.status === 200) && { http_status: attempt.status }),
      ...(attempt.error !== null && !isRefusal(attempt.status) && { error: attempt.error }),
      decision: moved.status,
      ...(moved.next_attempt_at !== null && {
        next_in_s: secondsBetween(moved.updated_at, moved.next_attempt_at),
      }),
      ...(!isRecorded && { superseded: true }),
    });
  }

  function measureDecision({ status, scope, attempts, updated_at }: Delivery, runStart: number) {
    if (status === "retrying") deps.measure("Retried", scope);
    if (status === "undelivered") deps.measure("Undelivered", scope);
    if (status !== "delivered") return;
    deps.measure("Delivered", scope);
    const begun = attempts.find(({ number }) => number === runStart);
    if (begun) deps.measure("DeliveryAge", scope, Date.parse(updated_at) - Date.parse(begun.due_at));
  }
}

/** Its error says the number over again, in words. */
const isRefusal = (status: number | null) => status !== null && (status < 200 || status > 299);

const secondsBetween = (from: string, to: string) => Math.round((Date.parse(to) - Date.parse(from)) / 1000);

const originOf = remember((url) => new URL(url).origin, 1_000);

const identity = ({ id, account, hook_id, event_id, url }: Delivery) => ({
  account,
  event_id,
  hook_id,
  // Paths and queries may carry an integrator's token; the origin is enough to find a slow server.
  endpoint: originOf(url),
  delivery_id: id,
});
