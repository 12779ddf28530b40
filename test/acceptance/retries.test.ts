import { describe, expect, test } from "vitest";
import { until } from "../support/local-run.ts";
import {
  anEvent,
  call,
  MOMENT_MS,
  newCampaign,
  openStack,
  startStory,
  target,
  wholeRunMs,
} from "./support/target.ts";

const { retryDelaysSeconds, scheduleFromSeconds, stage } = target;
/** Later than due by no more than this. A run on a busy laptop is not what precision is measured with. */
const TOLERANCE_MS = 3_000;
const EARLY_MS = 5;

const broken = new Set<string>();
const story = await startStory(({ path }) => ({ status: broken.has(path) ? 503 : 200 }));

type Attempt = { number: number; due_at: string; started_at: string; duration_ms: number; status: number };

async function aBrokenEndpoint() {
  const campaign = newCampaign();
  const path = `/broken-${campaign}`;
  broken.add(path);
  const { hook_id } = await story.register(campaign, [path]);
  const publish = async () => (await call("POST", "/events", anEvent(campaign))).body.id as string;
  const arrivals = () => story.arrivedAt(path).map(({ headers }) => String(headers["webhook-id"]));
  const undelivered = async () => (await call("GET", `/undelivered?hook_id=${hook_id}`)).body.items;
  return { path, hook_id, publish, arrivals, undelivered, repair: () => void broken.delete(path) };
}

const deliveryOf = (hookId: string, status: string) =>
  until(
    async () => (await call("GET", `/deliveries?hook_id=${hookId}&status=${status}`)).body.items[0],
    MOMENT_MS,
  );

/** The attempts behind the first are on time: as long after the end of the one before as the policy says. */
function expectOnTime(attempts: readonly Attempt[]) {
  for (const [index, { due_at, started_at }] of attempts.entries()) {
    const before = attempts[index - 1];
    if (!before) continue;
    const ended = Date.parse(before.started_at) + before.duration_ms;
    const wantedMs = (retryDelaysSeconds[index - 1] ?? Number.NaN) * 1_000;
    expect(Math.abs(Date.parse(due_at) - ended - wantedMs)).toBeLessThan(1_000);
    const lateMs = Date.parse(started_at) - Date.parse(due_at);
    // A timer of Node's may ring a millisecond before the clock is there.
    expect(lateMs).toBeGreaterThanOrEqual(-EARLY_MS);
    expect(lateMs).toBeLessThan(TOLERANCE_MS);
  }
}

describe.concurrent("an endpoint that is down", () => {
  test("is tried again on time by each timer until the policy ends; then by hand, under the same webhook-id", {
    timeout: 2 * wholeRunMs,
  }, async () => {
    const endpoint = await aBrokenEndpoint();
    const eventId = await endpoint.publish();
    const [row] = await until(async () => {
      const rows = await endpoint.undelivered();
      return rows.length > 0 && rows;
    }, wholeRunMs);
    const { body: shown } = await call("GET", `/undelivered/${row.id}`);
    expect(JSON.parse(shown.body)).toMatchObject({ id: eventId });
    const { body: delivery } = await call("GET", `/deliveries/${row.id}`);
    expect(delivery.attempts.map(({ number }: Attempt) => number)).toEqual(
      [0, ...retryDelaysSeconds].map((_, n) => n + 1),
    );
    expect(delivery.attempts.every(({ status }: Attempt) => status === 503)).toBe(true);
    expectOnTime(delivery.attempts);
    expect(endpoint.arrivals()).toEqual(delivery.attempts.map(() => eventId));

    endpoint.repair();
    expect((await call("POST", `/undelivered/${row.id}/redeliver`)).status).toBe(202);
    await until(
      async () => (await call("GET", `/deliveries/${row.id}`)).body.status === "delivered",
      MOMENT_MS,
    );
    expect(endpoint.arrivals()).toEqual([...delivery.attempts, "redelivered"].map(() => eventId));
    await until(async () => (await endpoint.undelivered()).length === 0, MOMENT_MS);
  });

  test("and comes back gets what waited for it: a range of the undelivered, as a job", {
    timeout: 2 * wholeRunMs,
  }, async () => {
    const endpoint = await aBrokenEndpoint();
    const ids = [await endpoint.publish(), await endpoint.publish(), await endpoint.publish()];
    await until(async () => (await endpoint.undelivered()).length === ids.length, wholeRunMs);
    const before = endpoint.arrivals().length;
    endpoint.repair();
    const { status, body } = await call("POST", "/undelivered/redeliver", { hook_id: endpoint.hook_id });
    expect([status, body.matched]).toEqual([202, ids.length]);
    await until(async () => (await call("GET", `/jobs/${body.job_id}`)).body.status === "done", MOMENT_MS);
    await until(() => endpoint.arrivals().length === before + ids.length, MOMENT_MS);
    expect(endpoint.arrivals().slice(before).sort()).toEqual([...ids].sort());
  });

  test("and is removed: what waits for it ends as cancelled", { timeout: wholeRunMs }, async () => {
    const endpoint = await aBrokenEndpoint();
    await endpoint.publish();
    const { id } = await deliveryOf(endpoint.hook_id, "retrying");
    expect((await call("DELETE", `/webhooks/${endpoint.hook_id}`)).status).toBe(204);
    await until(async () => (await call("GET", `/deliveries/${id}`)).body.status === "cancelled", wholeRunMs);
    expect(endpoint.arrivals()).toHaveLength(1);
  });

  const bySchedule = retryDelaysSeconds.findIndex((delay) => delay >= scheduleFromSeconds);
  const by =
    bySchedule === -1 ? "no EventBridge schedule, as SCHEDULE_FROM_SECONDS says" : "an EventBridge schedule";
  test(`waits by ${by}; and a schedule that has fired is gone`, { timeout: wholeRunMs }, async ({ skip }) => {
    if (stage === undefined) return skip("without --stage schedules cannot be seen");
    const stack = await openStack(stage);
    const endpoint = await aBrokenEndpoint();
    await endpoint.publish();
    const { id } = await deliveryOf(endpoint.hook_id, "retrying");
    const seen = new Set<string>();
    await until(async () => {
      for (const name of await stack.schedulesOf(id)) seen.add(name);
      return (await endpoint.undelivered()).length > 0;
    }, wholeRunMs);
    // The attempt that each delay leads to: the first delay to the second attempt.
    const expected = retryDelaysSeconds.flatMap((delay, index) =>
      delay >= scheduleFromSeconds ? `${id}-${index + 2}` : [],
    );
    expect([...seen].sort()).toEqual(expected);
    await until(async () => (await stack.schedulesOf(id)).length === 0, MOMENT_MS);
  });
});
