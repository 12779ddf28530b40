import { describe, expect, test } from "vitest";
import { createFlightLimit, createRequestLimit } from "../../shared/domain/account-limits.ts";

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
    for (; clock.now < 5_000; clock.now += 1) {
      for (let n = 0; n < 100; n++) await admit?.("acme");
    }
    expect(counter.calls()).toBeGreaterThan(0);
    expect(counter.calls()).toBeLessThanOrEqual(5);
  });

  test("who calls now and then does not pay a write for each request", async () => {
    const {
      admits: [admit],
      clock,
      counter,
    } = processes(1, 1_000);
    for (; clock.now < 600_000; clock.now += 2_000) await admit?.("acme");
    expect(counter.calls()).toBe(0);
  });

  test("a flood does not make a flood of writes: who knows the limit to be passed tells nothing more", async () => {
    const { admits, clock, counter } = processes(20, 10);
    for (; clock.now < 5_000; clock.now += 100) for (const admit of admits) await admit("acme");
    const callsWhenFull = counter.calls();
    for (; clock.now < 10_000; clock.now += 100)
      for (const admit of admits) expect(await admit("acme")).toBeDefined();
    expect(counter.calls()).toBe(callsWhenFull);
    expect(await admits[0]?.("acme")).toBeUndefined();
  });

  test("a count that fails does not open the limit: what was known holds", async () => {
    const clock = { now: 0 };
    let total: number | undefined = 101;
    const admit = createRequestLimit({ perSecond: 10, now: () => clock.now, count: async () => total });
    expect(await admit("acme")).toBe(10);
    total = undefined;
    clock.now = 1_000;
    expect(await admit("acme")).toBe(9);
    clock.now = 10_000;
    for (let n = 0; n < 100; n++) expect(await admit("acme")).toBeUndefined();
    expect(await admit("acme")).toBe(10);
  });
});

describe("events in flight", () => {
  const WINDOW_MS = 300_000;

  /** An account whose events are accepted by `count` processes, with what they have told each other. */
  function anAccount(max: number, count = 1) {
    const clock = { now: 0 };
    const told: number[] = [];
    let total = 0;
    let isDown = false;
    const limits = Array.from({ length: count }, () =>
      createFlightLimit({
        max,
        now: () => clock.now,
        async count(_account, _windowStart, events) {
          if (isDown) return undefined;
          told.push(events);
          total += events;
          return Math.max(0, total);
        },
      }),
    );
    return {
      clock,
      told,
      admit: (events: number, by = 0) => limits[by]?.admit("acme", events),
      release: (events: number, by = 0) => limits[by]?.release("acme", events),
      land: (events: number) => {
        total -= events;
      },
      total: () => total,
      setDown: (down: boolean) => {
        isDown = down;
      },
    };
  }

  test("too many are refused, and do not count; when some have landed there is room again", async () => {
    const { admit, land, clock } = anAccount(100);
    expect(await admit(90)).toBeUndefined();
    expect(await admit(11)).toBe(5);
    expect(await admit(10)).toBeUndefined();
    expect(await admit(1)).toBe(5);
    land(50);
    clock.now += 1_000;
    expect(await admit(50)).toBeUndefined();
    expect(await admit(1)).toBe(5);
  });

  test("what another process has taken is known after a second, and a refusal leaves no count behind", async () => {
    const { admit, total } = anAccount(100, 2);
    expect(await admit(90, 0)).toBeUndefined();
    expect(await admit(11, 1)).toBe(5);
    expect(total()).toBe(90);
  });

  test("an account whose events were refused by SQS is not held up: what was not queued is given back at once", async () => {
    const { admit, release, total, told } = anAccount(100);
    await admit(100);
    expect(total()).toBe(100);
    await release(100);
    expect(total()).toBe(0);
    expect(await admit(100)).toBeUndefined();
    expect(told).toEqual([100, -100]);
  });

  test("what is given back while nobody can be told is told later", async () => {
    const { admit, release, setDown, clock, total } = anAccount(100);
    await admit(100);
    setDown(true);
    await release(100);
    setDown(false);
    clock.now += WINDOW_MS;
    expect(await admit(1)).toBe(undefined);
    await admit(100);
    expect(total()).toBeLessThanOrEqual(1);
  });

  test("a count that fails does not open the limit, nor shut it", async () => {
    const { admit, setDown, clock } = anAccount(100);
    await admit(100);
    setDown(true);
    clock.now += 1_000;
    expect(await admit(1)).toBe(5);
    const another = anAccount(100);
    another.setDown(true);
    for (; another.clock.now < 200_000; another.clock.now += 1_000)
      expect(await another.admit(10)).toBeUndefined();
  });

  test("who publishes now and then does not pay writes for each event", async () => {
    const { admit, clock, told } = anAccount(1_000_000);
    for (; clock.now < 3_600_000; clock.now += 10_000) await admit(100);
    expect(told).toEqual([]);
  });

  test("what was accepted in a window before is not told as new, long after it has landed", async () => {
    const { admit, clock, told } = anAccount(10_000);
    await admit(99);
    clock.now = WINDOW_MS;
    await admit(99);
    expect(told).toEqual([]);
    await admit(1);
    expect(told).toEqual([100]);
  });
});
