import type { ServerResponse } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { gzipSync } from "node:zlib";
import { expect, test } from "vitest";
import { eventJson } from "../support/factories.ts";
import { type LocalRun, startLocalRun, until } from "../support/local-run.ts";
import { type Receiver, startReceiver } from "../support/receiver.ts";
import { percentile } from "../support/statistics.ts";

const WEBHOOKS = 1_000;
const URLS_EACH = 10;
const CAMPAIGNS = 100;
const EVENTS_A_ROUND = 20;
const DELIVERIES_A_ROUND = (EVENTS_A_ROUND * WEBHOOKS * URLS_EACH) / CAMPAIGNS;
/** A campaign's event goes to a hundred endpoints: 160 deliveries a second in all, which leaves room to see delays. */
const EVENT_INTERVAL_MS = 600;
/**
 * Whether the endpoint that gets every event hangs, round by round: what else the machine does meanwhile, and what
 * grows as the run goes on, meets both in the same way.
 */
const ROUNDS = [false, true, true, false, false, true, true, false, false, true];
const BOMB = gzipSync(Buffer.alloc(20_000_000));
const TOO_LARGE_BYTES = 300 * 1024;

const range = (count: number) => Array.from({ length: count }, (_, n) => n);
/** Endpoints that measure how late events come, one of which answers with a bomb in every round. */
async function startEndpoints() {
  const acceptedAt = new Map<string, number>();
  const hanging = new Set<ServerResponse>();
  let lateBy: number[] = [];
  const receiver = await startReceiver(({ path, headers, at }) => {
    if (path.startsWith("/hangs")) return (_, response) => void hanging.add(response);
    if (path.startsWith("/answers")) return {};
    lateBy.push(at - (acceptedAt.get(String(headers["webhook-id"])) ?? Number.NaN));
    const [, hook, url] = path.split("/").map(Number);
    const isBomb = url === 0 && Number(hook) < CAMPAIGNS && Number(hook) % EVENTS_A_ROUND === 0;
    return isBomb ? { headers: { "content-encoding": "gzip" }, body: BOMB } : {};
  });
  return {
    receiver,
    acceptedAt,
    lateBy: () => lateBy,
    hanging: () => hanging.size,
    /** Lets go of those that hang, and measures anew. */
    reset() {
      for (const response of hanging) response.end();
      hanging.clear();
      lateBy = [];
    },
  };
}

async function register(local: LocalRun, hook_id: string, url: string[], campaigns: string[]) {
  const given = { hook_id, scope: "referral", url, campaigns };
  expect((await local.call("POST", "/webhooks", given)).status).toBe(201);
}

async function registerAll(local: LocalRun, receiver: Receiver) {
  for (const n of range(WEBHOOKS)) {
    const urls = range(URLS_EACH).map((m) => receiver.url(`/${n}/${m}`));
    await register(local, `hook-${n}`, urls, [`campaign-${n % CAMPAIGNS}`]);
  }
}

/** Twenty campaigns' events, one after the other, and after each one that is too large. */
async function publish(local: LocalRun, acceptedAt: Map<string, number>, round: number) {
  const firstCampaign = Math.floor(round / 2) * EVENTS_A_ROUND;
  const startsAt = Date.now();
  for (const n of range(EVENTS_A_ROUND)) {
    await sleep(Math.max(0, startsAt + n * EVENT_INTERVAL_MS - Date.now()));
    const id = `event-${round}-${n}`;
    const campaign = { id: `campaign-${firstCampaign + n}`, name: "One of many" };
    acceptedAt.set(id, Date.now());
    expect((await local.call("POST", "/events", eventJson({ id, scope: "referral", campaign }))).status).toBe(
      202,
    );
    const tooLarge = eventJson({ filler: "x".repeat(TOO_LARGE_BYTES) });
    expect((await local.call("POST", "/events", tooLarge)).status).toBe(413);
  }
}

/**
 * One account's traffic to 10,000 endpoints, one of which gets every event, and is new in every round: nothing is
 * known of it yet, and nothing waits for it.
 * @returns for each round how long after they were accepted events arrived at the others, in milliseconds
 */
async function latencies(): Promise<{ hangs: boolean; lateBy: number[] }[]> {
  const endpoints = await startEndpoints();
  const { receiver, acceptedAt } = endpoints;
  const local = await startLocalRun();
  try {
    await registerAll(local, receiver);
    const rounds = [];
    for (const [round, hangs] of ROUNDS.entries()) {
      const hook = `everything-${round}`;
      await register(local, hook, [receiver.url(`/${hangs ? "hangs" : "answers"}/${round}`)], []);
      await publish(local, acceptedAt, round);
      await until(() => endpoints.lateBy().length >= DELIVERIES_A_ROUND, 60_000, 100);
      expect(endpoints.lateBy()).toHaveLength(DELIVERIES_A_ROUND);
      expect(endpoints.hanging() > 0).toBe(hangs);
      rounds.push({ hangs, lateBy: endpoints.lateBy() });
      expect((await local.call("DELETE", `/webhooks/${hook}`)).status).toBe(204);
      endpoints.reset();
    }
    return rounds;
  } finally {
    await local.kill();
    await receiver.close();
  }
}

test("10,000 endpoints of one account, one of which hangs: the others' p99 is within 1.5 × of when none does", async () => {
  const rounds = await latencies();
  const medianOf = (hangs: boolean, share: number) =>
    percentile(
      rounds.filter((round) => round.hangs === hangs).map(({ lateBy }) => percentile(lateBy, share)),
      0.5,
    );
  for (const { hangs, lateBy } of rounds) {
    const figures = [0.5, 0.95, 0.99, 1].map((share) => `p${share * 100} ${percentile(lateBy, share)} ms`);
    console.info(`${hangs ? "one hangs: " : "none hangs:"} ${figures.join(", ")}`);
  }
  expect(medianOf(true, 0.99)).toBeLessThanOrEqual(1.5 * medianOf(false, 0.99));
}, 400_000);
