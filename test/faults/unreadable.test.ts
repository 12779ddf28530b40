import { PutCommand } from "@aws-sdk/lib-dynamodb";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { readStored } from "../../shared/aws/stored-delivery.ts";
import { sampleEvent } from "../../shared/domain/sample-event.ts";
import { until } from "../support/local-run.ts";
import { watchLogs } from "./support/logs.ts";
import { drain, put } from "./support/queues.ts";
import { type Stage, startStage } from "./support/stage.ts";
import { type Scene, startWorld, type World } from "./support/world.ts";

let stage: Stage;
let world: World;
let scene: Scene;
const logs = watchLogs();
beforeAll(async () => {
  stage = await startStage();
  world = await startWorld(stage);
});
afterAll(async () => {
  logs.restore();
  await world.stop();
  await stage.stop();
});
beforeEach(async () => {
  scene = await world.begin();
});

const scope = "user_activity";
const event = (id: string) => ({ id, ...sampleEvent(scope) });
const store = (table: string, Item: Record<string, unknown>) =>
  stage.dynamoDb.send(new PutCommand({ TableName: world.table(table), Item }));

async function register(hook_id: string) {
  const given = { scope, hook_id, url: scene.url(hook_id) };
  expect((await scene.call("POST", "/webhooks", given)).status).toBe(201);
}

/** Makes one stored item unreadable. @returns what it was */
async function spoil(table: string, matches: (row: Record<string, unknown>) => boolean, field: string) {
  const row = (await scene.scan(table)).find(matches);
  if (!row) throw new Error(`There is no such row in ${table}`);
  await store(table, { ...row, [field]: 42 });
  return row;
}

const listed = async (path: string, field: string) => {
  const { status, body } = await scene.call("GET", path);
  expect(status, path).toBe(200);
  return body.items.map((item: Record<string, unknown>) => item[field]).sort();
};

test("an unreadable webhook keeps no event from the account's others, and gets its own when it is mended", async () => {
  for (const hook of ["a", "b", "c"]) await register(hook);
  const mended = await spoil("Webhooks", ({ hook_id }) => hook_id === "b", "urls");
  expect((await scene.call("POST", "/events", event("e1"))).status).toBe(202);
  await scene.quiet();
  const posts = () => ["a", "b", "c"].map((hook) => scene.postsOf(scene.url(hook), "e1"));
  expect(posts()).toEqual([1, 0, 1]);
  expect(await listed("/webhooks", "hook_id")).toEqual(["a", "c"]);
  expect(await listed("/deliveries", "hook_id")).toEqual(["a", "c"]);
  expect((await scene.call("GET", "/webhooks/b")).status).toBe(500);

  await store("Webhooks", mended);
  const dead = await drain(world, "EventsDeadLetters");
  expect(dead).toHaveLength(1);
  await put(world, "EventsQueue", dead);
  await scene.quiet();
  expect(posts()).toEqual([1, 1, 1]);
  expect(await scene.deadLetters()).toBe(0);
});

test("an unreadable delivery stops its own message and no other's, and the log shows the others", async () => {
  await register("a");
  await register("b");
  await scene.call("POST", "/events", event("e1"));
  await scene.quiet();
  const mended = await spoil("Deliveries", ({ hook_id }) => hook_id === "a", "attempts");
  await scene.call("POST", "/events/batch", { events: [event("e1"), event("e2")] });
  await scene.quiet();
  expect(["a", "b"].map((hook) => scene.postsOf(scene.url(hook), "e1"))).toEqual([1, 1]);
  expect(["a", "b"].map((hook) => scene.postsOf(scene.url(hook), "e2"))).toEqual([1, 1]);
  expect(await listed("/deliveries", "event_id")).toEqual(["e1", "e2", "e2"]);
  expect((await scene.call("GET", `/deliveries/${readStored(mended).id}`)).status).toBe(500);

  await store("Deliveries", mended);
  await put(world, "DeliveriesQueue", await drain(world, "DeliveriesDeadLetters"));
  await scene.quiet();
  expect(scene.postsOf(scene.url("a"), "e1")).toBe(1);
  expect(await scene.deadLetters()).toBe(0);
});

test("an unreadable undelivered row stays, and does not stop a job that redelivers all others", async () => {
  await register("a");
  await scene.call("PATCH", "/webhooks/a", { status: "disabled" });
  await scene.call("POST", "/events/batch", { events: [event("e1"), event("e2"), event("e3")] });
  await scene.quiet();
  await scene.call("PATCH", "/webhooks/a", { status: "active" });
  const mended = await spoil("Undelivered", ({ event_id }) => event_id === "e2", "attempts");
  expect(await listed("/undelivered", "event_id")).toEqual(["e1", "e3"]);
  const asked = await scene.call("POST", "/undelivered/redeliver", { hook_id: "a" });
  const job = await until(async () => {
    const { body } = await scene.call("GET", `/jobs/${asked.body.job_id}`);
    return body.status === "done" && body;
  });
  await scene.quiet();
  expect(job).toMatchObject({ matched: 3, redelivered: 2, skipped: 1 });
  expect(["e1", "e2", "e3"].map((id) => scene.postsOf(scene.url("a"), id))).toEqual([1, 0, 1]);
  expect(await scene.scan("Undelivered")).toHaveLength(1);

  await store("Undelivered", mended);
  expect((await scene.call("POST", `/undelivered/${readStored(mended).id}/redeliver`)).status).toBe(202);
  await scene.quiet();
  expect(scene.postsOf(scene.url("a"), "e2")).toBe(1);
  expect(await scene.deadLetters()).toBe(0);
});

test("nothing that was logged held a secret or what an event says", () => {
  expect(logs.leaks).toEqual([]);
  expect(logs.lines()).toBeGreaterThan(0);
});
