import { setTimeout as sleep } from "node:timers/promises";
import { gzipSync } from "node:zlib";
import { expect, test } from "vitest";
import { eventJson } from "../support/factories.ts";
import { startLocalRun } from "../support/local-run.ts";
import { startReceiver } from "../support/receiver.ts";

const WEBHOOKS = 1_000;
const URLS_EACH = 10;
const CAMPAIGNS = 100;
/** A campaign's event goes to a hundred endpoints: 160 deliveries a second in all, which leaves room to see delays. */
const EVENT_INTERVAL_MS = 600;
const BOMB = gzipSync(Buffer.alloc(20_000_000));
const TOO_LARGE_BYTES = 300 * 1024;

const range = (count: number) => Array.from({ length: count }, (_, n) => n);
const percentile = (sorted: readonly number[], share: number) =>
  sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;

/**
 * One account's traffic to 10,000 endpoints, one of which gets every event, and one of which answers with a
 * bomb, while somebody tries to publish events that are too large.
 * @param hangs whether the one that gets every event never answers
 * @returns how long after they were accepted events arrived at the others, in milliseconds, sorted
 */
async function latencies(hangs: boolean): Promise<number[]> {
  const acceptedAt = new Map<string, number>();
  const lateBy: number[] = [];
  const receiver = await startReceiver(({ path, headers, at }) => {
    if (path === "/everything") return hangs ? () => {} : {};
    lateBy.push(at - (acceptedAt.get(String(headers["webhook-id"])) ?? Number.NaN));
    return path === "/0/0" ? { headers: { "content-encoding": "gzip" }, body: BOMB } : {};
  });
  const local = await startLocalRun();
  try {
    const register = async (hook_id: string, url: string[], campaigns: string[]) => {
      const { status } = await local.call("POST", "/webhooks", {
        hook_id,
        scope: "referral",
        url,
        campaigns,
      });
      expect(status).toBe(201);
    };
    for (const n of range(WEBHOOKS)) {
      const urls = range(URLS_EACH).map((m) => receiver.url(`/${n}/${m}`));
      await register(`hook-${n}`, urls, [`campaign-${n % CAMPAIGNS}`]);
    }
    await register("everything", [receiver.url("/everything")], []);
    const startsAt = Date.now();
    for (const n of range(CAMPAIGNS)) {
      await sleep(Math.max(0, startsAt + n * EVENT_INTERVAL_MS - Date.now()));
      const campaign = { id: `campaign-${n}`, name: "One of many" };
      acceptedAt.set(`event-${n}`, Date.now());
      const body = eventJson({ id: `event-${n}`, scope: "referral", campaign });
      expect((await local.call("POST", "/events", body)).status).toBe(202);
      const tooLarge = eventJson({ filler: "x".repeat(TOO_LARGE_BYTES) });
      expect((await local.call("POST", "/events", tooLarge)).status).toBe(413);
    }
    const expected = WEBHOOKS * URLS_EACH;
    for (let waited = 0; lateBy.length < expected && waited < 60_000; waited += 100) await sleep(100);
    expect(lateBy).toHaveLength(expected);
    return lateBy.sort((a, b) => a - b);
  } finally {
    await local.kill();
    await receiver.close();
  }
}

test("10,000 endpoints of one account, one of which hangs: the others' p99 is within 1.5 × of the run where none does", async () => {
  const undisturbed = await latencies(false);
  const disturbed = await latencies(true);
  const figures = (sorted: readonly number[]) =>
    [0.5, 0.95, 0.99, 1].map((share) => `p${share * 100} ${percentile(sorted, share)} ms`).join(", ");
  console.info(`none hangs: ${figures(undisturbed)}\none hangs:  ${figures(disturbed)}`);
  expect(percentile(disturbed, 0.99)).toBeLessThanOrEqual(1.5 * percentile(undisturbed, 0.99));
}, 400_000);
