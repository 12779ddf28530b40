import { describe, expect, test } from "vitest";
import { createFlightLimit, createLanding, createRequestLimit } from "../../shared/domain/account-limits.ts";

/** Counts as the table does, for all processes of a test; and how often it was asked. */
function aCounter() {
  const totals = new Map<string, number>();
  let calls = 0;
  return {
    calls: () => calls,
    async add(key: string, count: number) {
      calls += 1;
      const total = (totals.get(key) ?? 0) + count;
      totals.set(key, total);
      return total;
    },
  };
}

describe("requests of an account", () => {
  function processes(count: number, perSecond: number) {
    const counter = aCounter();
    const clock = { now: 0 };
    const admits = Array.from({ length: count }, () =>
      createRequestLimit({
        perSecond,
        now: () => clock.now,
        count: (account, windowStart, requests) => counter.add(`${account} ${windowStart}`, requests),
      }),
    );
    return { admits, clock, counter };
  }

  test("as many as its limit times the window pass; the next is told when the window ends", async () => {
    const {
      admits: [admit],
      clock,
    } = processes(1, 2);
    clock.now = 3_500;
    for (let n = 0; n < 20; n++) expect(await admit?.("acme")).toBeUndefined();
    expect(await admit?.("acme")).toBe(7);
    expect(await admit?.("another")).toBeUndefined();
    clock.now = 10_000;
    expect(await admit?.("acme")).toBeUndefined();
  });

  test("several processes keep one limit, to what they count in a second", async () => {
    const { admits, clock } = processes(5, 100);
    let passed = 0;
    for (; clock.now < 9_990; clock.now += 10) {
      for (const admit of admits) passed += (await admit("acme")) === undefined ? 1 : 0;
    }
    expect(passed).toBeGreaterThanOrEqual(1_000);
    expect(passed).toBeLessThanOrEqual(1_000 + 5 * 100);
  });

  test("each process writes once a second at most, however many requests it sees", async () => {
    const {
      admits: [admit],
      clock,
      counter,
    } = processes(1, 1_000_000);
    for (; clock.now < 5_000; clock.now += 1) await admit?.("acme");
    expect(counter.calls()).toBeLessThanOrEqual(5);
  });
});

describe("events in flight", () => {
  function anAccount(max: number) {
    const counter = aCounter();
    const clock = { now: 0 };
    const now = () => clock.now;
    const admit = createFlightLimit({ max, now, count: (account, events) => counter.add(account, events) });
    const landed = createLanding({ now, count: (account, events) => counter.add(account, -events) });
    return { admit, landed, clock };
  }

  test("too many are refused, and do not count; when some have landed there is room again", async () => {
    const { admit, landed, clock } = anAccount(100);
    expect(await admit("acme", 90)).toBeUndefined();
    expect(await admit("acme", 11)).toBe(5);
    expect(await admit("acme", 10)).toBeUndefined();
    expect(await admit("acme", 1)).toBe(5);
    await landed("acme", 50);
    clock.now += 1_000;
    expect(await admit("acme", 50)).toBeUndefined();
    expect(await admit("acme", 1)).toBe(5);
  });
});
