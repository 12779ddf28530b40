import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { delivered, goodIdentity, type Misbehaviour, OK, says, TIMED_OUT } from "./case.ts";
import { misbehaviours } from "./cases/all.ts";
import { receiversPage } from "./page.ts";
import { startHostile } from "./receivers.ts";
import { type Attempted, startSenderProcess } from "./sender.ts";

const MAX_ATTEMPT_MS = 11_000;
const MAX_GROWTH_BYTES = 50 * 1024 * 1024;
const BATCH = 10;
const CLOSED_WITHIN_MS = 6000;
const WELL_BEHAVED: readonly Misbehaviour[] = [
  { name: "http", serve: says(OK), outcome: delivered() },
  { name: "https", serve: says(OK), tls: goodIdentity, outcome: delivered() },
];

type Run = { readonly exchanges: readonly Attempted[]; readonly connections: number };
const runs = new Map<string, readonly Run[]>();
const sender = startSenderProcess();
let before: Awaited<ReturnType<typeof sender.measure>>;
let after: typeof before;

async function run(misbehaviour: Misbehaviour): Promise<readonly Run[]> {
  const { attempts = 1, bodyBytes = 1000, copies = 1 } = misbehaviour;
  const receivers = await Promise.all(Array.from({ length: copies }, () => startHostile(misbehaviour)));
  const results = await Promise.all(
    receivers.map(async ({ url, connections }) => {
      const exchanges = await sender.send({ url, attempts, bodyBytes });
      return { exchanges, connections: connections() };
    }),
  );
  await Promise.all(receivers.map(({ close }) => close()));
  return results;
}

/** Those that take the whole ten seconds all at once, and beside them the others, a Lambda's batch at a time. */
async function runAll(): Promise<void> {
  const record = async (one: Misbehaviour) => runs.set(one.name, await run(one));
  const isSlow = ({ outcome: [, error] }: Misbehaviour) => error === TIMED_OUT;
  const quick = misbehaviours.filter((one) => !isSlow(one));
  const lanes = Array.from({ length: BATCH }, async function runNext() {
    for (let one = quick.pop(); one; one = quick.pop()) await record(one);
  });
  await Promise.all([...misbehaviours.filter(isSlow).map(record), ...lanes]);
}

beforeAll(async () => {
  for (const one of WELL_BEHAVED) await run({ ...one, copies: 50 });
  before = await sender.measure();
  await runAll();
  // A connection may be kept for the next delivery, but no longer than that.
  after = await vi.waitFor(async () => {
    const measured = await sender.measure();
    expect(measured.resources).not.toContain("TCPSocketWrap");
    return measured;
  }, CLOSED_WITHIN_MS);
}, 60_000);
afterAll(() => sender.stop());

test.each(misbehaviours)("$name", ({ name, outcome, attempts = 1, connections }) => {
  for (const one of runs.get(name) ?? []) {
    const [status, error] = outcome;
    const last = one.exchanges.at(-1);
    expect({ status: last?.status, error: last?.error }).toEqual({ status, error });
    expect(one.exchanges.slice(0, -1).map((earlier) => earlier.error)).toEqual(
      Array(attempts - 1).fill(null),
    );
    for (const { durationMs } of one.exchanges) expect(durationMs).toBeLessThan(MAX_ATTEMPT_MS);
    if (connections !== undefined) expect(one.connections).toBe(connections);
  }
  expect(runs.get(name)?.length).toBeGreaterThan(0);
});

test("memory stays flat, and nothing of it all stays open", async () => {
  const attempts = [...runs.values()].flat().flatMap(({ exchanges }) => exchanges);
  const slowestMs = Math.max(...attempts.map(({ durationMs }) => durationMs));
  const grownMiB = (bytes: number) => ((bytes - before.rssBytes) / 2 ** 20).toFixed(1);
  console.info(
    `${misbehaviours.length} misbehaviours, ${attempts.length} attempts, the slowest ${slowestMs} ms; memory grew by ` +
      `${grownMiB(after.rssBytes)} MiB, at most ${grownMiB(after.peakBytes)} MiB`,
  );
  expect(after.peakBytes - before.rssBytes).toBeLessThan(MAX_GROWTH_BYTES);
  // Its own sampler; pipes are those it was started with.
  expect(after.resources.filter((resource) => resource !== "PipeWrap")).toEqual(["Timeout"]);
  expect(new Set(misbehaviours.map(({ name }) => name)).size).toBeGreaterThanOrEqual(60);
});

test("docs/receivers.md is what this table says (vitest run --update writes it)", async () => {
  await expect(receiversPage(misbehaviours)).toMatchFileSnapshot("../../docs/receivers.md");
});
