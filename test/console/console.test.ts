import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { toAgo, toDuration, toIn } from "../../functions/site/console/format.ts";
import { layOutJson } from "../../functions/site/console/json-layout.ts";
import { Problem } from "../../functions/site/console/problem.ts";
import { timeLineOf } from "../../functions/site/console/time-line.ts";
import { AT, aDelivery, anAttempt } from "../support/factories.ts";

const later = (ms: number) => new Date(Date.parse(AT) + ms).toISOString();

describe("a body that is looked into", () => {
  test("is laid out, and nothing of it changed: not a big number, not the order of keys", () => {
    expect(layOutJson('{"b":12345678901234567890,"a":[1.00,{}],"c":"{,:\\"}", "d":[]}')).toBe(
      '{\n  "b": 12345678901234567890,\n  "a": [\n    1.00,\n    {}\n  ],\n  "c": "{,:\\"}",\n  "d": []\n}',
    );
  });

  test("means the same as before, whatever it was", () => {
    fc.assert(
      fc.property(fc.json(), (text) => {
        expect(JSON.parse(layOutJson(text))).toEqual(JSON.parse(text));
      }),
    );
  });

  test("comes back as it is when it is no JSON", () => {
    expect(layOutJson("{not json")).toBe("{not json");
  });
});

describe("the time line", () => {
  test("runs from when the first attempt was due to when the next one is", () => {
    const line = timeLineOf(aDelivery({ attempts: [anAttempt()], next_attempt_at: later(10_000) }));
    expect([0, 5_000, 10_000, 99_000].map((ms) => line.at(Date.parse(AT) + ms))).toEqual([0, 50, 100, 100]);
    expect(line.ticks).toEqual([0, 2_000, 4_000, 6_000, 8_000, 10_000]);
  });

  test("of the whole policy has few ticks, all in it", () => {
    const attempts = [0, 5, 35, 95, 395].map((seconds, index) =>
      anAttempt({ number: index + 1, due_at: later(seconds * 1_000), started_at: later(seconds * 1_000) }),
    );
    const line = timeLineOf(aDelivery({ attempts, next_attempt_at: null }));
    expect(line.ticks).toEqual([0, 120_000, 240_000, 360_000]);
  });

  test("of a single attempt that took no time has a length all the same", () => {
    const line = timeLineOf(aDelivery({ attempts: [anAttempt({ duration_ms: 0 })], next_attempt_at: null }));
    expect(line.at(Date.parse(AT))).toBe(0);
    expect(line.ticks.length).toBeGreaterThan(1);
  });
});

test.each([
  [0, "0 ms"],
  [999.6, "1 s"],
  [1_000, "1 s"],
  [3_440, "3.4 s"],
  [59_600, "1 min"],
  [125_000, "2 min 5 s"],
  [7_200_000, "2 h"],
  [90_000_000, "1 d 1 h"],
])("%d ms reads %s", (ms, text) => {
  expect(toDuration(ms)).toBe(text);
});

test("what was is so long ago, what will be is in so long", () => {
  const now = Date.parse(AT);
  expect([later(-400), later(-12_000), later(-180_000)].map((iso) => toAgo(iso, now))).toEqual([
    "just now",
    "12 s ago",
    "3 min ago",
  ]);
  expect([later(300), later(4_200), later(65_000)].map((iso) => toIn(iso, now))).toEqual([
    "now",
    "in 4 s",
    "in 1 min 5 s",
  ]);
});

test("a problem is said at its field: at the very one, or at the one that holds it", () => {
  const problem = new Problem(422, "bad", [{ path: "url.1", message: "must use https" }]);
  expect([problem.of("url"), problem.at("url"), problem.at("url.1"), problem.of("u")]).toEqual([
    "must use https",
    undefined,
    "must use https",
    undefined,
  ]);
});
