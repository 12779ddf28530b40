import { expect } from "vitest";
import type { Delivery } from "../../../shared/domain/delivery.ts";
import { sampleEvent } from "../../../shared/domain/sample-event.ts";
import type { FunctionName } from "../../../shared/http/routes.ts";
import { until } from "../../support/local-run.ts";
import type { Scene } from "./world.ts";

/** How one event to one endpoint has to end. */
export interface Expected {
  readonly hook: string;
  readonly url: string;
  readonly event: string;
  readonly status: Delivery["status"];
  readonly attempts?: number;
  /** Its endpoint is removed meanwhile: a fan-out that has to be repeated after that does not know it any more. */
  readonly mayBeUnlisted?: true;
}

export interface Story {
  /** The functions whose calls are made to fail in this story. */
  readonly functions: readonly FunctionName[];
  /** @param arm from here on faults happen: what came before was only the setting */
  readonly run: (scene: Scene, arm: () => void) => Promise<Expected[]>;
}

const event = (id: string) => ({ id, ...sampleEvent("user_activity") });
const scope = "user_activity";

async function register(scene: Scene, hook_id: string, ...paths: string[]) {
  const url = paths.map((path) => scene.url(path));
  const { status } = await scene.call("POST", "/webhooks", { scope, hook_id, url });
  expect(status).toBe(201);
}

/** Everything that can be done to a registration. */
const registration: Story = {
  functions: ["authorizer", "webhooks", "test-send"],
  async run({ call, url }, arm) {
    arm();
    const registered = await call("POST", "/webhooks", { scope, hook_id: "mine", url: url("ok") });
    // After a failure, "taken" is what tells that it had worked.
    expect(registered.status).toSatisfy(
      (status) => status === 201 || (status === 409 && registered.failures > 0),
    );
    expect((await call("POST", "/webhooks", { scope, hook_id: "mine", url: url("ok") })).status).toBe(409);
    expect((await call("GET", "/webhooks")).body.items).toHaveLength(1);
    const changed = await call("PATCH", "/webhooks/mine", { url: url("other"), status: "active" });
    expect(changed).toMatchObject({ status: 200, body: { urls: [url("other")] } });
    const secret = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD";
    const rotated = await call("POST", "/webhooks/mine/secret", { secret });
    expect(rotated).toMatchObject({ status: 200, body: { secret } });
    const { status, body } = await call("POST", "/webhooks/mine/test", { user: "u" });
    expect([status, body.results[0].delivered]).toEqual([200, true]);
    expect(await call("GET", "/webhooks/mine")).toMatchObject({
      status: 200,
      body: { urls: [url("other")] },
    });
    const removed = await call("DELETE", "/webhooks/mine");
    expect(removed.status).toSatisfy((code) => code === 204 || (code === 404 && removed.failures > 0));
    expect((await call("GET", "/webhooks/mine")).status).toBe(404);
    return [];
  },
};

/** One event and a batch, to endpoints that take them, fail once, are gone, disabled, or removed meanwhile. */
const delivery: Story = {
  functions: ["events", "fanout", "deliver"],
  async run(scene, arm) {
    const { call, url } = scene;
    await register(scene, "good", "ok", "flaky");
    await register(scene, "gone", "gone");
    await register(scene, "removed", "slow");
    await register(scene, "off", "off");
    await call("PATCH", "/webhooks/off", { status: "disabled" });
    arm();
    const one = await call("POST", "/events", event("e1"));
    const batch = await call("POST", "/events/batch", { events: [event("e2"), event("e3")] });
    expect([one.status, batch.status]).toEqual([202, 202]);
    const ids = ["e1", "e2", "e3"];
    await until(() => ids.every((id) => scene.postsOf(url("slow"), id) > 0), 30_000);
    // A fan-out that hangs holds the next one up for so long that what it has queued before may be given up.
    const { body: givenUp } = await call("GET", "/undelivered?hook_id=removed");
    const tooLate = new Set(givenUp.items.map((item: { event_id: string }) => item.event_id));
    const removed = await call("DELETE", "/webhooks/removed");
    expect(removed.status).toBe(204);
    await scene.quiet();
    const { body } = await call("GET", "/webhooks/gone");
    expect(body).toMatchObject({ status: "disabled", disabled_urls: [url("gone")] });
    return ids.flatMap((id): Expected[] => [
      { hook: "good", url: url("ok"), event: id, status: "delivered", attempts: 1 },
      { hook: "good", url: url("flaky"), event: id, status: "delivered" },
      { hook: "gone", url: url("gone"), event: id, status: "undelivered" },
      {
        ...{ hook: "removed", url: url("slow"), event: id, mayBeUnlisted: true },
        status: tooLate.has(id) ? "undelivered" : "cancelled",
      },
      { hook: "off", url: url("off"), event: id, status: "undelivered", attempts: 0 },
    ]);
  },
};

/** The deliveries are looked through. */
const list: Story = {
  functions: ["deliveries"],
  async run(scene, arm) {
    const { call, url } = scene;
    await register(scene, "good", "ok", "fine");
    arm();
    const ids = ["l1", "l2", "l3"];
    await call("POST", "/events/batch", { events: ids.map(event) });
    await scene.quiet();
    expect((await listAll(scene, "/deliveries?limit=4")).size).toBe(6);
    const [first = ""] = await listAll(scene, "/deliveries?hook_id=good&status=delivered");
    expect((await call("GET", `/deliveries/${first}`)).status).toBe(200);
    return ids.flatMap((id): Expected[] => [
      { hook: "good", url: url("ok"), event: id, status: "delivered", attempts: 1 },
      { hook: "good", url: url("fine"), event: id, status: "delivered", attempts: 1 },
    ]);
  },
};

/** An endpoint that never takes anything, through both timers, to the undelivered table. */
const exhaustion: Story = {
  functions: ["deliver"],
  async run(scene, arm) {
    await register(scene, "down", "down");
    arm();
    expect((await scene.call("POST", "/events", event("x1"))).status).toBe(202);
    expect((await scene.call("POST", "/events", event("x2"))).status).toBe(202);
    await scene.quiet();
    const url = scene.url("down");
    return ["x1", "x2"].map((id) => ({ hook: "down", url, event: id, status: "undelivered", attempts: 3 }));
  },
};

/** What was given up is looked at, sent again one by one and as a job, and deleted. */
const redelivery: Story = {
  functions: ["undelivered", "redeliver"],
  async run(scene, arm) {
    const { call, url } = scene;
    const ids = ["r1", "r2", "r3", "r4", "r5", "r6", "r7"];
    await register(scene, "back", "ok");
    await call("PATCH", "/webhooks/back", { status: "disabled" });
    await call("POST", "/events/batch", { events: ids.map(event) });
    await scene.quiet();
    await call("PATCH", "/webhooks/back", { status: "active" });
    arm();
    const rows = [...(await listAll(scene, "/undelivered?limit=100"))];
    expect(rows).toHaveLength(7);
    const [one = "", other = ""] = rows;
    expect((await call("GET", `/undelivered/${one}`)).body.body).toContain("user_activity");
    const again = await call("POST", `/undelivered/${one}/redeliver`);
    expect(again.status).toSatisfy((status) => status === 202 || (status === 404 && again.failures > 0));
    const removed = await call("DELETE", `/undelivered/${other}`);
    expect(removed.status).toSatisfy((status) => status === 204 || (status === 404 && removed.failures > 0));
    const dropped = await eventOf(scene, other);
    await scene.quiet();
    const range = { hook_id: "back", per_second: 3 };
    const job = await call("POST", "/undelivered/redeliver", range);
    expect(job.status).toBe(202);
    const jobPath = `/jobs/${job.body.job_id}`;
    const done = await until(
      async () => {
        const { body } = await call("GET", jobPath);
        return body.status === "done" && body;
      },
      30_000,
      400,
    );
    // A job that was asked for by a call that failed may have been at work too.
    if (job.failures === 0) expect(done).toMatchObject({ matched: 5, redelivered: 5, skipped: 0 });
    const second = await call("POST", "/undelivered/redeliver", range);
    expect((await call("DELETE", `/jobs/${second.body.job_id}`)).status).toBe(204);
    await scene.quiet();
    return ids.map((id) =>
      id === dropped
        ? { hook: "back", url: url("ok"), event: id, status: "cancelled", attempts: 0 }
        : { hook: "back", url: url("ok"), event: id, status: "delivered", attempts: 1 },
    );
  },
};

export const stories = { registration, delivery, list, exhaustion, redelivery } satisfies Record<
  string,
  Story
>;
export type StoryName = keyof typeof stories;
export const storyNames = Object.keys(stories) as StoryName[];

/** The ids of all pages of a list. */
async function listAll({ call }: Scene, path: string): Promise<Set<string>> {
  const ids = new Set<string>();
  for (let cursor = ""; ; ) {
    const { status, body } = await call("GET", path + cursor);
    expect(status).toBe(200);
    for (const { id } of body.items) ids.add(id);
    if (body.next_cursor === null) return ids;
    cursor = `&cursor=${body.next_cursor}`;
  }
}

const eventOf = async ({ call }: Scene, id: string): Promise<string> =>
  (await call("GET", `/deliveries/${id}`)).body.event_id;
