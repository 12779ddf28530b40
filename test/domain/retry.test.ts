import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { nextDueAt, parseRetryAfter, retryPolicy } from "../../shared/domain/retry.ts";

const policy = [5, 30, 60, 300];
const now = Date.parse("2026-11-23T12:00:00Z");

describe("nextDueAt", () => {
  test.each([
    [1, 5],
    [2, 30],
    [3, 60],
    [4, 300],
  ])("the attempt after failed attempt %i is due %i s after it ended", (failed, seconds) => {
    expect(nextDueAt(policy, failed, now)).toBe(now + seconds * 1000);
  });

  test("after the fifth failed attempt no retry is left", () => {
    expect(nextDueAt(policy, 5, now)).toBeUndefined();
  });

  test.each([
    ["shorter than the delay: the delay holds", 3, 5],
    ["longer than the delay: it is honoured", 20, 20],
    ["longer than 300 s: honoured up to 300 s", 86_400, 300],
  ])("Retry-After %s", (_, asked, seconds) => {
    expect(nextDueAt(policy, 1, now, asked)).toBe(now + seconds * 1000);
  });

  test("any accepted policy: a retry is never due before its delay, nor later than the delay or 300 s", () => {
    const delays = fc.array(fc.integer({ min: 1, max: 2_592_000 }), { minLength: 1, maxLength: 100 });
    fc.assert(
      fc.property(
        delays,
        fc.nat({ max: 99 }),
        fc.option(fc.nat(), { nil: undefined }),
        (list, index, asked) => {
          const dueAt = nextDueAt(retryPolicy().parse(list), index + 1, now, asked);
          const delay = list[index];
          if (delay === undefined) {
            expect(dueAt).toBeUndefined();
            return;
          }
          expect(dueAt).toBeGreaterThanOrEqual(now + delay * 1000);
          expect(dueAt).toBeLessThanOrEqual(now + Math.max(delay, 300) * 1000);
        },
      ),
    );
  });
});

describe("parseRetryAfter", () => {
  test.each([
    ["120", 120],
    [" 0 ", 0],
    ["Mon, 23 Nov 2026 12:01:30 GMT", 90],
    ["Monday, 23-Nov-26 12:01:30 GMT", 90],
    ["Mon Nov 23 12:01:30 2026", 90],
    ["Sun, 22 Nov 2026 12:00:00 GMT", 0],
  ])("%j is %i s", (header, seconds) => {
    expect(parseRetryAfter(header, now)).toBe(seconds);
  });

  test.each([undefined, "", "-1", "1.5", "soon", "Tuesday 3", "1e3", "99999999999"])(
    "%j is no answer",
    (header) => {
      expect(parseRetryAfter(header, now)).toBeUndefined();
    },
  );

  test("no header makes it throw or go back in time", () => {
    fc.assert(fc.property(fc.string(), (header) => (parseRetryAfter(header, now) ?? 0) >= 0));
  });
});

describe("retryPolicy", () => {
  test.each([[[]], [[1]], [[2_592_000]], [policy]])("takes %j", (delays) => {
    expect(retryPolicy().safeParse(delays).success).toBe(true);
  });

  test.each([[[0]], [[0.5]], [[-1]], [[2_592_001]], [[Number.NaN]], [Array(101).fill(1)]])(
    "refuses %j",
    (delays) => {
      expect(retryPolicy().safeParse(delays).success).toBe(false);
    },
  );
});
