import { beforeEach, describe, expect, test } from "vitest";
import { createRedeliver } from "../../functions/redeliver/redeliver.ts";
import {
  type Delivery,
  type DeliveryMessage,
  MAX_ATTEMPTS,
  type Undelivered,
} from "../../shared/domain/delivery.ts";
import type { RedeliveryJob } from "../../shared/domain/redelivery-job.ts";
import { AT, aDelivery, anAttempt, aWebhook } from "../support/factories.ts";

const row = (n: number, fields: Partial<Undelivered> = {}): Undelivered => ({
  ...aDelivery({ status: "undelivered", next_attempt_at: null, updated_at: `2026-11-23T12:00:0${n}.000Z` }),
  id: `dlv_${n}`,
  event_id: `event-${n}`,
  body: "{}",
  ...fields,
});

const aJob = (fields: Partial<RedeliveryJob> = {}): RedeliveryJob => ({
  ...{
    job_id: "job",
    account: "acme",
    hook_id: "hook",
    status: "running",
    until: "2026-11-23T13:00:00.000Z",
  },
  ...{ per_second: 3, matched: 0, redelivered: 0, skipped: 0, version: 1, created_at: AT, updated_at: AT },
  ...fields,
});

/** The tables and queues around one `redeliver`, in memory. */
function aWorld(...rows: Undelivered[]) {
  const world = {
    rows: new Map(rows.map((one) => [one.id, one])),
    stored: new Map<string, Delivery & { taken_by?: string }>(
      rows.map(({ body: _, ...one }) => [one.id, one]),
    ),
    job: aJob(),
    isJobStored: true,
    webhook: aWebhook() as ReturnType<typeof aWebhook> | undefined,
    sent: [] as DeliveryMessage[],
    goneOn: 0,
    queueIsDown: false,
    duringSlice: () => {},
    logged: [] as Record<string, unknown>[],
  };
  const sk = ({ updated_at, id }: Delivery) => `${updated_at}#${id}`;
  const inRange = ({ before, since }: { before: string | undefined; since: string | undefined }) =>
    [...world.rows.values()]
      .filter((one) => sk(one) < (before ?? "~") && sk(one) >= (since ?? "0"))
      .sort((a, b) => (sk(a) < sk(b) ? 1 : -1));
  const redeliver = createRedeliver({
    now: () => new Date(AT),
    findWebhook: async () => world.webhook,
    findDelivery: async (id) => world.stored.get(id),
    restart: async (givenUp, askedBy) => {
      const current = world.stored.get(givenUp.id);
      const same = current?.updated_at === givenUp.updated_at;
      const free =
        current?.status === "undelivered" || (current?.status === "pending" && current.taken_by === askedBy);
      if (!same || !free) return false;
      world.stored.set(givenUp.id, { ...givenUp, status: "pending", taken_by: askedBy });
      return true;
    },
    undelivered: {
      find: async ({ id }, givenUpAt) =>
        world.rows.get(id)?.updated_at === givenUpAt ? world.rows.get(id) : undefined,
      keys: async (_, limit, range) => inRange(range).slice(0, limit).map(sk),
      rows: async (_, range) => {
        world.duringSlice();
        return inRange(range);
      },
      remove: async ({ id }) => void world.rows.delete(id),
    },
    jobs: {
      find: async () => (world.isJobStored ? world.job : undefined),
      create: async (job) => {
        world.job = job;
        world.isJobStored = true;
      },
      change: async (job, fields) => {
        if (job.version !== world.job.version) return undefined;
        world.job = { ...job, ...fields, version: job.version + 1 } as RedeliveryJob;
        return world.job;
      },
    },
    deliver: async (message) => {
      if (world.queueIsDown) throw new Error("SQS did not take a message");
      world.sent.push(message);
    },
    goOn: async () => void world.goneOn++,
    log: { info: (event, fields) => void world.logged.push({ event, ...fields }) },
  });
  const one = (n: number, askedBy = "message-1") =>
    redeliver({ kind: "delivery", delivery_id: `dlv_${n}`, given_up_at: row(n).updated_at }, askedBy);
  const slice = (job?: RedeliveryJob) => redeliver({ kind: "job", job_id: "job", job }, "message-2");
  return { world, one, slice };
}

let { world, one, slice } = aWorld(row(1), row(2), row(3), row(4));
beforeEach(() => {
  ({ world, one, slice } = aWorld(row(1), row(2), row(3), row(4)));
});

describe("one delivery", () => {
  test("becomes pending, its message begins a fresh run, and its row leaves the table last", async () => {
    await one(1);
    expect(world.sent).toMatchObject([
      { event_id: "event-1", attempt: 2, run_start: 2, due_at: AT, registration: "first" },
    ]);
    expect(world.stored.get("dlv_1")).toMatchObject({ status: "pending", updated_at: row(1).updated_at });
    expect(world.rows.has("dlv_1")).toBe(false);
    const [line] = world.logged;
    expect(line).toMatchObject({ event: "delivery.redelivered", event_id: "event-1", delivery_id: "dlv_1" });
  });

  test("whose message could not be queued is found and sent when its own asker comes again", async () => {
    world.queueIsDown = true;
    await expect(one(1)).rejects.toThrow("SQS did not take");
    expect(world.rows.has("dlv_1")).toBe(true);
    world.queueIsDown = false;
    await one(1);
    expect(world.sent).toHaveLength(1);
    expect(world.rows.has("dlv_1")).toBe(false);
  });

  test("asked for twice is sent once: the second asker leaves it to the first", async () => {
    world.queueIsDown = true;
    await expect(one(1, "first")).rejects.toThrow();
    world.queueIsDown = false;
    await one(1, "second");
    expect(world.sent).toEqual([]);
    expect(world.rows.has("dlv_1")).toBe(true);
    await one(1, "first");
    expect(world.sent).toHaveLength(1);
  });

  test("that has moved on since leaves no row behind, and is not sent again", async () => {
    world.stored.set("dlv_1", { ...row(1), status: "delivered", updated_at: AT });
    await one(1);
    expect(world.sent).toEqual([]);
    expect(world.rows.has("dlv_1")).toBe(false);
  });

  test("whose endpoint is gone, or that has had too many attempts, stays", async () => {
    world.webhook = undefined;
    await one(1);
    world.webhook = aWebhook();
    const attempts = Array.from({ length: MAX_ATTEMPTS }, (_, n) => anAttempt({ number: n + 1 }));
    world.rows.set("dlv_2", row(2, { attempts }));
    await one(2);
    expect(world.sent).toEqual([]);
    expect(world.rows.size).toBe(4);
  });
});

describe("a job", () => {
  test("takes a slice a second, newest first, until nothing is left", async () => {
    await slice();
    expect(world.sent.map(({ event_id }) => event_id)).toEqual(["event-4", "event-3", "event-2"]);
    expect(world.job).toMatchObject({ redelivered: 3, skipped: 0, status: "running" });
    await slice();
    await slice();
    expect(world.job).toMatchObject({ redelivered: 4, status: "done" });
    expect(world.goneOn).toBe(2);
    expect(world.rows.size).toBe(0);
  });

  test("whose call ended before it was stored is stored by its first message, and goes on", async () => {
    world.isJobStored = false;
    await slice(aJob({ matched: 4 }));
    expect(world.job).toMatchObject({ matched: 4, redelivered: 3 });
    expect(world.goneOn).toBe(1);
    // Any other copy of that message finds the job as it is by then.
    await slice(aJob({ matched: 4 }));
    expect(world.job).toMatchObject({ redelivered: 4 });
  });

  test("that stopped in the middle of a slice counts it once", async () => {
    world.queueIsDown = true;
    await expect(slice()).rejects.toThrow();
    world.queueIsDown = false;
    await slice();
    expect(world.sent).toHaveLength(3);
    expect(world.job).toMatchObject({ redelivered: 3, status: "running" });
  });

  test("leaves no row behind when another appears in its slice after it was chosen", async () => {
    world.duringSlice = () => {
      const late = row(3, { id: "dlv_late", event_id: "late" });
      world.rows.set(late.id, late);
      const { body: _, ...delivery } = late;
      world.stored.set(late.id, delivery);
      world.duringSlice = () => {};
    };
    await slice();
    await slice();
    await slice();
    expect(world.rows.size).toBe(0);
    expect(world.sent).toHaveLength(5);
  });

  test("cancelled in the middle of a slice counts what was sent, and goes no further", async () => {
    world.duringSlice = () => {
      world.job = { ...world.job, status: "cancelled", version: world.job.version + 1 };
    };
    await slice();
    expect(world.job).toMatchObject({ status: "cancelled", redelivered: 3 });
    expect(world.goneOn).toBe(0);
    await slice();
    expect(world.sent).toHaveLength(3);
  });
});
