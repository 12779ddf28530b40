import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { eventJson } from "../support/factories.ts";
import { type LocalRun, startLocalRun, until } from "../support/local-run.ts";
import { type Receiver, startReceiver } from "../support/receiver.ts";

/** The true policy, in real time: what an integrator is promised, to the second. */
const DELAYS_SECONDS = [5, 30, 60, 300];
const POLICY_MS = 395_000;
const EVENTS = 20;
const EARLY_MS = 100;

describe.concurrent.each([
  { lateness: "0", lateMs: [1_000, 1_000, 1_000, 1_000] },
  // EventBridge Scheduler as late as AWS allows itself to be. A 60 s delay leaves it no room to aim early.
  { lateness: "60", lateMs: [1_000, 1_000, 2_500, 1_000] },
])("with a Scheduler up to $lateness s late", ({ lateness, lateMs }) => {
  let receiver: Receiver;
  let local: LocalRun;

  beforeAll(async () => {
    receiver = await startReceiver(() => ({ status: 500, body: "down" }));
    local = await startLocalRun({ SCHEDULER_LATENESS_SECONDS: lateness, SEED: "1" });
  });
  afterAll(async () => {
    await Promise.all([local?.stop(), receiver?.close()]);
  });

  test(
    `each of ${EVENTS} events gets five attempts, every one on time, and one undelivered row`,
    async () => {
      await local.call("POST", "/webhooks", {
        scope: "user_activity",
        url: receiver.url("/"),
        hook_id: "down",
      });
      const ids = Array.from({ length: EVENTS }, (_, n) => `event-${n}`);
      const events = ids.map((id) => eventJson({ id })).join();
      expect((await local.call("POST", "/events/batch", `{"events":[${events}]}`)).status).toBe(202);
      const undelivered = async () =>
        (await local.call("GET", "/undelivered?hook_id=down&limit=100")).body.items;
      await until(async () => (await undelivered()).length === EVENTS, POLICY_MS + 30_000);

      const worstMs = DELAYS_SECONDS.map(() => 0);
      for (const id of ids) {
        const times = receiver.requests
          .filter(({ headers }) => headers["webhook-id"] === id)
          .map(({ at }) => at);
        expect(times, id).toHaveLength(DELAYS_SECONDS.length + 1);
        for (const [index, delay] of DELAYS_SECONDS.entries()) {
          const lateBy = (times[index + 1] ?? 0) - (times[index] ?? 0) - delay * 1000;
          expect(lateBy, `${id}, the ${delay} s gap`).toBeGreaterThan(-EARLY_MS);
          expect(lateBy, `${id}, the ${delay} s gap`).toBeLessThan(lateMs[index] ?? 0);
          worstMs[index] = Math.max(worstMs[index] ?? 0, lateBy);
        }
      }
      console.info(
        `Scheduler up to ${lateness} s late: worst lateness of the gaps ${DELAYS_SECONDS} s: ${worstMs} ms`,
      );

      for (const { id, attempts, reason } of await undelivered()) {
        expect(attempts.map(({ number }: { number: number }) => number)).toEqual([1, 2, 3, 4, 5]);
        expect(reason).toBe("all 5 attempts failed");
        const { body: row } = await local.call("GET", `/undelivered/${id}`);
        expect(row.body).toBe(eventJson({ id: row.event_id }));
      }
    },
    POLICY_MS + 60_000,
  );
});
