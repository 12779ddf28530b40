import { randomInt } from "node:crypto";
import { afterAll, beforeAll, expect, test } from "vitest";
import { documentedOperations } from "../documented.ts";
import { until } from "../local-run.ts";
import { describeFailures, type FuzzReport, fuzz } from "./fuzz.ts";
import { type Stage, startStage } from "./stage.ts";

// biome-ignore lint/style/noProcessEnv: whoever repeats a run says which one
const SEED = Number(process.env.SEED ?? randomInt(2 ** 31));

/** What we print of failures of our own: ours by name, and whatever Node or the SDK say by themselves. */
const OUR_FAILURE = /"event":"\w+\.\w*(failed|timed_out)"|^\s*at .+:\d+|^\w*(Error|Warning)\b|Unhandled/;

/** The tests of one run of the fuzzer. `SEED=…` repeats one. */
export function testFuzz(count: number): void {
  let stage: Stage;
  let report: FuzzReport;
  let victimBefore: unknown;

  beforeAll(
    async () => {
      stage = await startStage();
      victimBefore = await stage.victimState();
      const begunAt = performance.now();
      report = await fuzz(stage, SEED, count);
      const seconds = Math.round((performance.now() - begunAt) / 1000);
      const { operation, durationMs } = report.slowest;
      const slowest = `the slowest ${Math.round(durationMs)} ms (${operation})`;
      console.info(`SEED=${SEED}: ${count} requests in ${seconds} s, ${slowest}`, statuses(report));
    },
    60_000 + count * 60,
  );
  afterAll(() => stage?.stop());

  test(`${count} generated requests: every answer in time, as documented, none of 5xx (SEED=${SEED})`, () => {
    expect(report.sent).toBe(count);
    expect(describeFailures(report)).toBe("");
  });

  test.each(documentedOperations.map(({ method, path }) => `${method} ${path}`))(
    "%s has also done what it is for",
    (operation) => {
      const statuses = [...report.seen.keys()].filter((key) => key.startsWith(`${operation} `));
      expect(statuses.join()).toMatch(/ 20[0-4]/);
    },
  );

  test("our side saw no failure, nothing is in a dead-letter queue, and a normal journey works", async () => {
    await stage.journey();
    const lines = stage.local.output().split("\n");
    expect(lines.filter((line) => OUR_FAILURE.test(line))).toEqual([]);
    expect(await stage.deadLetters()).toBe(0);
  }, 90_000);

  test("another account's things are as they were", async () => {
    expect(await stage.victimState()).toEqual(victimBefore);
  });

  test("it stops when asked, with all that was accepted done", async () => {
    await until(() => stage.local.output().length > 0);
    expect(await stage.local.stop()).toBe(0);
  }, 60_000);
}

/** How many answers of each status. */
function statuses({ seen }: FuzzReport): Record<string, number> {
  const totals: Record<string, number> = {};
  for (const [key, times] of seen) {
    const status = key.split(" ").at(-1) ?? "";
    totals[status] = (totals[status] ?? 0) + times;
  }
  return totals;
}
