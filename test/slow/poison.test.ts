import { afterAll, beforeAll, describe, expect, test } from "vitest";
import * as z from "zod";
import { chunks } from "../../shared/domain/chunks.ts";
import { deliveryId } from "../../shared/domain/delivery.ts";
import { encodeMessage } from "../../shared/domain/message-text.ts";
import { sampleEvent } from "../../shared/domain/sample-event.ts";
import { watchLogs } from "../faults/support/logs.ts";
import { drain, put } from "../faults/support/queues.ts";
import { type Stage, startStage } from "../faults/support/stage.ts";
import { type Scene, startWorld, type World } from "../faults/support/world.ts";

let stage: Stage;
const logs = watchLogs();
beforeAll(async () => {
  stage = await startStage();
});
afterAll(async () => {
  logs.restore();
  await stage.stop();
});

const poisons = {
  "no JSON": "{ garbage",
  "JSON of a wrong shape": '{"account":42,"kind":"what"}',
  nothing: "null",
  "a mebibyte of text": "x".repeat(1_048_576),
  "an attempt at prototypes": '{"__proto__":{"polluted":true},"constructor":{"prototype":{"polluted":true}}}',
};
const GOOD = 9;
const PLACES = [0, 5, GOOD];
const ids = Array.from({ length: GOOD * PLACES.length }, (_, n) => `e${n}`).sort();
const scope = "user_activity";
const eventOf = (id: string) => ({ id, ...sampleEvent(scope) });

/** Messages that each end in one POST, for each function that a queue feeds. */
const feeds = {
  fanout: {
    queue: "EventsQueue",
    async messages({ account }: Scene) {
      const campaign = sampleEvent(scope).campaign.id;
      return ids.map((id) => {
        const events = [{ id, scope, campaign, body: JSON.stringify(eventOf(id)) }];
        return { account, accepted_at: new Date().toISOString(), events };
      });
    },
  },
  deliver: {
    queue: "DeliveriesQueue",
    async messages(scene: Scene) {
      const { account, url } = scene;
      const [row] = await scene.scan("Webhooks");
      const { registration } = z.object({ registration: z.string() }).parse(row);
      const target = { account, hook_id: "hook", registration, url: url("ok") };
      const first = { attempt: 1, run_start: 1, due_at: new Date().toISOString() };
      return ids.map((id) => ({
        ...target,
        event_id: id,
        scope,
        body: JSON.stringify(eventOf(id)),
        ...first,
      }));
    },
  },
  redeliver: {
    queue: "RedeliveriesQueue",
    async messages(scene: Scene) {
      const { account, url, call } = scene;
      await call("PATCH", "/webhooks/hook", { status: "disabled" });
      await call("POST", "/events/batch", { events: ids.map(eventOf) });
      await scene.quiet();
      await call("PATCH", "/webhooks/hook", { status: "active" });
      const { items } = (await call("GET", "/undelivered?limit=100")).body;
      const given = z
        .array(z.object({ id: z.string(), event_id: z.string(), updated_at: z.string() }))
        .parse(items);
      return ids.map((event_id) => {
        const delivery_id = deliveryId({ account, hook_id: "hook", url: url("ok"), event_id });
        const given_up_at = given.find(({ id }) => id === delivery_id)?.updated_at;
        return { kind: "delivery", delivery_id, given_up_at };
      });
    },
  },
};

async function begin(world: World) {
  const scene = await world.begin();
  await scene.call("POST", "/webhooks", { scope, hook_id: "hook", url: scene.url("ok") });
  return scene;
}

async function expectEachOnce(scene: Scene) {
  await scene.quiet();
  expect(scene.requests.map(({ headers }) => headers["webhook-id"]).sort()).toEqual(ids);
}

const recordOf = (body: string, index: number) => ({
  ...{
    messageId: `m${index}`,
    receiptHandle: "r",
    body,
    messageAttributes: {},
    md5OfBody: "",
    awsRegion: "",
  },
  ...{ attributes: { ApproximateReceiveCount: "1" }, eventSource: "aws:sqs", eventSourceARN: "" },
});

describe.each(Object.entries(feeds))("%s, given a batch of ten", (name, { queue, messages }) => {
  let world: World;
  beforeAll(async () => {
    world = await startWorld(stage);
  });
  afterAll(() => world.stop());

  test.each(Object.entries(poisons))(
    "of which one is %s: the others are handled once, wherever it stands",
    async (_, poison) => {
      const scene = await begin(world);
      const given: readonly unknown[] = await messages(scene);
      for (const [index, good] of chunks(given, GOOD).entries()) {
        const place = PLACES[index] ?? 0;
        const bodies = good.map(encodeMessage).toSpliced(place, 0, poison);
        const answer = await world.invoke(name, { Records: bodies.map(recordOf) });
        expect(answer).toEqual({ batchItemFailures: [{ itemIdentifier: `m${place}` }] });
      }
      await expectEachOnce(scene);
      expect(Object.hasOwn(Object.prototype, "polluted")).toBe(false);
    },
  );

  test("in turn with every poison: each of those is in the dead-letter queue in the end, and nothing else", async () => {
    const scene = await begin(world);
    const good = (await messages(scene)).map(encodeMessage);
    await put(world, queue, [...good.slice(0, 5), ...Object.values(poisons), ...good.slice(5)]);
    await expectEachOnce(scene);
    expect((await drain(world, queue.replace("Queue", "DeadLetters"))).sort()).toEqual(
      Object.values(poisons).sort(),
    );
    expect(world.receivesOf(queue, poisons["no JSON"])).toBe(5);
  });

  test("by a newer version, with fields that nobody knows yet: all are handled", async () => {
    const scene = await begin(world);
    const records = (await messages(scene)).map((message, n) =>
      recordOf(encodeMessage({ ...message, hue: n }), n),
    );
    expect(await world.invoke(name, { Records: records })).toEqual({ batchItemFailures: [] });
    await expectEachOnce(scene);
  });
});

test("nothing that was logged held a secret or what an event says", () => expect(logs.leaks).toEqual([]));
