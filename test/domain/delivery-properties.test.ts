import fc from "fast-check";
import { describe, expect, test } from "vitest";
import * as z from "zod";
import { MAX_EVENT_BYTES } from "../../shared/domain/accept-event.ts";
import {
  type Delivery,
  decide,
  delivery,
  deliveryId,
  deliveryMessage,
  type Exchange,
  MAX_ATTEMPTS,
  readDeliveryMessage,
  redeliveryMessage,
  withAttempt,
} from "../../shared/domain/delivery.ts";
import { encodeMessage } from "../../shared/domain/message-text.ts";
import { MAX_RETRY_AFTER_SECONDS, nextDueAt, parseRetryAfter } from "../../shared/domain/retry.ts";
import { AT, aDelivery, aMessage, anAttempt } from "../support/factories.ts";

const NOW = Date.parse(AT);
const policies = fc.array(fc.integer({ min: 1, max: 2_592_000 }), { maxLength: 8 });

/** Everything that has ever looked like a `Retry-After`, and much that has not. */
const retryAfter = fc.oneof(
  fc.string(),
  fc.stringMatching(/^[+-]?\d{1,12}(\.\d+)?(e\d+)?$/),
  fc.stringMatching(/^(Mon|Tue|Xyz|Monday), \d{2}[ -](Nov|Feb|Xxx)[ -]\d{2,4} \d{2}:\d{2}:\d{2} GMT$/),
  fc.stringMatching(/^(Mon|Sun) (Nov|Feb) [ 0-3]\d \d{2}:\d{2}:\d{2} \d{4}$/),
  fc.date({ noInvalidDate: true }).map((date) => date.toUTCString()),
);
const exchanges: fc.Arbitrary<Exchange> = fc.record({
  status: fc.option(fc.integer({ min: 200, max: 599 })),
  error: fc.option(fc.string({ minLength: 1 }), { freq: 8 }),
  durationMs: fc.nat({ max: 10_000 }),
  response: fc.option(fc.string({ unit: "binary", maxLength: 1024 })),
  retryAfter: fc.option(retryAfter, { nil: undefined }),
});

describe("Retry-After", () => {
  test("is a finite number of seconds from now on, or nothing", () => {
    fc.assert(
      fc.property(retryAfter, fc.integer({ min: 0, max: NOW * 2 }), (header, now) => {
        const seconds = parseRetryAfter(header, now);
        if (seconds === undefined) return;
        expect(Number.isFinite(seconds)).toBe(true);
        expect(seconds).toBeGreaterThanOrEqual(0);
      }),
      { numRuns: 1_000 },
    );
  });

  test("asked for more, a retry is never sooner, and never beyond its own delay or 300 s", () => {
    fc.assert(
      fc.property(policies, fc.nat({ max: 9 }), retryAfter, retryAfter, (policy, index, one, other) => {
        const [less = 0, more = 0] = [one, other]
          .map((text) => parseRetryAfter(text, NOW) ?? 0)
          .sort((a, b) => a - b);
        const due = [less, more].map((asked) => nextDueAt(policy, index + 1, NOW, asked));
        const delaySeconds = policy[index];
        if (delaySeconds === undefined) {
          expect(due).toEqual([undefined, undefined]);
          return;
        }
        const [first = 0, second = 0] = due;
        expect(first).toBeLessThanOrEqual(second);
        expect(first).toBeGreaterThanOrEqual(NOW + delaySeconds * 1000);
        expect(second).toBeLessThanOrEqual(NOW + Math.max(delaySeconds, MAX_RETRY_AFTER_SECONDS) * 1000);
      }),
    );
  });
});

describe("a delivery, whatever its endpoint does", () => {
  /** One run of the policy: what each attempt led to, until it ended. */
  function run(policy: readonly number[], answers: readonly Exchange[], before: Delivery): Delivery {
    const runStart = before.attempts.length + 1;
    let now = NOW;
    let state: Delivery = { ...before, status: "pending", reason: null, next_attempt_at: null };
    for (const answer of answers) {
      const number = state.attempts.length + 1;
      const dueAt = state.next_attempt_at ?? new Date(now).toISOString();
      const endedAt = now + answer.durationMs;
      const decision = decide(policy, number - runStart + 1, answer, endedAt);
      const { status, error, response, durationMs: duration_ms } = answer;
      const made = { number, due_at: dueAt, started_at: dueAt, duration_ms, status, error, response };
      state = {
        ...state,
        status: decision.status,
        reason: decision.status === "undelivered" ? decision.reason : null,
        attempts: withAttempt(state.attempts, made),
        next_attempt_at: decision.status === "retrying" ? new Date(decision.dueAt).toISOString() : null,
      };
      if (decision.status !== "retrying") return state;
      expect(decision.dueAt).toBeGreaterThan(endedAt);
      now = decision.dueAt;
    }
    return state;
  }

  test("numbers its attempts on, makes no more than the policy has, and ends in one of two ways", () => {
    const answers = fc.array(exchanges, { minLength: 9, maxLength: 9 });
    fc.assert(
      fc.property(policies, answers, answers, (policy, first, second) => {
        const once = run(policy, first, aDelivery({ attempts: [] }));
        const again = redeliveryMessage(once, "first", "{}", new Date(NOW));
        expect([again.attempt, again.run_start]).toEqual(Array(2).fill(once.attempts.length + 1));
        const twice = run(policy, second, once);
        for (const ended of [once, twice]) {
          expect(delivery.parse(ended)).toEqual(ended);
          expect(ended.attempts.map(({ number }) => number)).toEqual(
            ended.attempts.map((_, index) => index + 1),
          );
          expect(["delivered", "undelivered"]).toContain(ended.status);
          expect(ended.status === "delivered").toBe(ended.attempts.at(-1)?.error === null);
          expect(ended.reason === null).toBe(ended.status === "delivered");
          const dueTimes = ended.attempts
            .map(({ due_at }) => due_at)
            .slice(once === ended ? 0 : once.attempts.length);
          expect(dueTimes).toEqual(dueTimes.toSorted());
        }
        expect(once.attempts.length).toBeLessThanOrEqual(policy.length + 1);
        expect(twice.attempts.length - once.attempts.length).toBeLessThanOrEqual(policy.length + 1);
      }),
    );
  });

  test("never outgrows a stored item of 400 KB, after all attempts it may have", () => {
    const response = "\u0000".repeat(1024);
    const attempts = Array.from({ length: MAX_ATTEMPTS }, (_, n) => n + 1).reduce(
      (before: Delivery["attempts"], number) => withAttempt(before, anAttempt({ number, response })),
      [],
    );
    expect(attempts.map(({ number }) => number)).toEqual(attempts.map((_, index) => index + 1));
    expect(attempts.at(-1)?.response).toBe(response);
    const kept = attempts
      .map(({ response: text }) => Buffer.byteLength(text ?? ""))
      .reduce((sum, size) => sum + size);
    const rest = JSON.stringify(attempts.map((one) => ({ ...one, response: null }))).length;
    expect(kept + rest + MAX_EVENT_BYTES).toBeLessThan(400_000);
  });
});

describe("a message of the deliveries queue", () => {
  const messages = fc.record({
    account: fc.string(),
    hook_id: fc.string(),
    url: fc.webUrl(),
    body: fc.string({ unit: "binary" }),
    attempt: fc.integer({ min: 1, max: MAX_ATTEMPTS }),
  });

  test("is read as it was written, also as a schedule's dead letter has it", () => {
    fc.assert(
      fc.property(messages, (fields) => {
        const message = aMessage(fields);
        const text = encodeMessage(message);
        expect(readDeliveryMessage(text)).toEqual(message);
        const deadLetter = JSON.stringify({ QueueUrl: "q", MessageBody: text, MessageGroupId: "g" });
        expect(readDeliveryMessage(deadLetter)).toEqual(message);
      }),
    );
  });

  test("that is none throws a $ZodError or a SyntaxError", () => {
    const almost = fc
      .tuple(fc.constantFrom(...Object.keys(aMessage())), fc.jsonValue())
      .map(([name, value]) => JSON.stringify({ ...aMessage(), [name]: value }));
    const inside = fc.string().map((text) => JSON.stringify({ MessageBody: text }));
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json(), almost, inside), (text) => {
        try {
          expect(deliveryMessage.safeParse(readDeliveryMessage(text)).success).toBe(true);
        } catch (error) {
          expect(error instanceof z.core.$ZodError || error instanceof SyntaxError).toBe(true);
        }
      }),
    );
  });

  test("of another account, webhook, URL or event is another delivery", () => {
    const parts = fc.record({
      account: fc.string(),
      hook_id: fc.string(),
      url: fc.string(),
      event_id: fc.string(),
    });
    fc.assert(
      fc.property(parts, parts, (one, other) => {
        const isSame = Object.values(one).join("\n") === Object.values(other).join("\n");
        fc.pre(!isSame);
        expect(deliveryId(one)).not.toBe(deliveryId(other));
      }),
    );
    // No text in one part passes for the border between two.
    const base = { url: "u", event_id: "e" };
    expect(deliveryId({ ...base, account: 'a","b', hook_id: "c" })).not.toBe(
      deliveryId({ ...base, account: "a", hook_id: 'b","c' }),
    );
  });
});
