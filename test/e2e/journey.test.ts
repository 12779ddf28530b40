import { SendMessageCommand, SQSClient } from "@aws-sdk/client-sqs";
import { Webhook } from "standardwebhooks";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { eventJson } from "../support/factories.ts";
import { type LocalRun, startLocalRun, until } from "../support/local-run.ts";
import { type Receiver, startReceiver } from "../support/receiver.ts";

let local: LocalRun;
let receiver: Receiver;
let sqs: SQSClient;

beforeAll(async () => {
  [local, receiver] = await Promise.all([startLocalRun(), startReceiver()]);
  sqs = new SQSClient({
    endpoint: local.services.sqs,
    region: "us-east-1",
    credentials: { accessKeyId: "local", secretAccessKey: "local" },
  });
});
afterAll(async () => {
  await Promise.all([local?.stop(), receiver?.close()]);
});

const arrived = (path: string) => receiver.requests.filter((request) => request.path === path);
const received = async (paths: string[], timeoutMs?: number) =>
  until(() => paths.every((path) => arrived(path).length > 0), timeoutMs);

async function register(fields: Record<string, unknown>, key?: string) {
  const { status, body } = await local.call("POST", "/webhooks", { scope: "user_activity", ...fields }, key);
  expect(status).toBe(201);
  return body as { hook_id: string; secret: string; urls: string[] };
}

/**
 * Publishes a last event and waits for it: what was published before it and has not come by then will not
 * come.
 */
async function afterwards(path: string) {
  await register({ url: receiver.url(path), scope: "user_login" });
  await local.call("POST", "/events", eventJson({ id: undefined, scope: "user_login" }));
  await received([path]);
}

describe("the sample event", () => {
  test("reaches three endpoints of one webhook and one of another, byte-identical, under one id; nobody else", async () => {
    const otherKey = (await local.keys("create", "--account", "other", "--role", "integrator")).stdout.trim();
    await register({ url: ["/a1", "/a2", "/a3"].map(receiver.url), campaigns: ["sue7r1vO", "another"] });
    await register({ url: receiver.url("/b") });
    await register({ url: receiver.url("/other-scope"), scope: "user_reward" });
    await register({ url: receiver.url("/other-campaign"), campaigns: ["another"] });
    await register({ url: receiver.url("/other-account") }, otherKey);

    const body = eventJson({ id: "sample-1" }).replace('"rank":42', '"rank": 42, "big":12345678901234567890');
    const { status, body: answer } = await local.call("POST", "/events", body);
    expect([status, answer]).toEqual([202, { id: "sample-1" }]);
    await received(["/a1", "/a2", "/a3", "/b"]);
    await afterwards("/afterwards-1");

    for (const path of ["/a1", "/a2", "/a3", "/b"]) {
      expect(arrived(path)).toHaveLength(1);
      expect(arrived(path)[0]?.body.toString()).toBe(body);
      expect(arrived(path)[0]?.headers).toMatchObject({
        "webhook-id": "sample-1",
        "content-type": "application/json",
        "user-agent": expect.stringMatching(/^claimr-webhooks\/\d+\.\d+\.\d+$/),
      });
    }
    for (const path of ["/other-scope", "/other-campaign", "/other-account"])
      expect(arrived(path)).toEqual([]);
  });

  test("published without an id gets one, the same at every endpoint", async () => {
    await register({ url: ["/made1", "/made2"].map(receiver.url), scope: "referral" });
    const { body } = await local.call("POST", "/events", eventJson({ id: undefined, scope: "referral" }));
    expect(body.id).toMatch(/^[A-Za-z0-9_-]{21}$/);
    await received(["/made1", "/made2"]);
    for (const path of ["/made1", "/made2"]) {
      expect(arrived(path)[0]?.headers["webhook-id"]).toBe(body.id);
      expect(JSON.parse(String(arrived(path)[0]?.body)).id).toBe(body.id);
    }
  });

  test("a webhook that was registered, changed or removed a moment ago counts for the very next event", async () => {
    const roles = ["--role", "integrator,publisher"];
    const key = (await local.keys("create", "--account", "next", ...roles)).stdout.trim();
    const publish = (id: string) => local.call("POST", "/events", eventJson({ id }), key);
    const hook_id = "next";
    await register({ hook_id, url: receiver.url("/next1") }, key);
    await publish("next-1");
    await received(["/next1"]);
    await local.call("PATCH", `/webhooks/${hook_id}`, { url: receiver.url("/next2") }, key);
    await publish("next-2");
    await received(["/next2"]);
    await local.call("DELETE", `/webhooks/${hook_id}`, undefined, key);
    await publish("next-3");
    // Were it still known, it would be queued, and cancelled there.
    await until(() => local.output().includes('"unwanted_ids":["next-3"],"deliveries":0'));
    await register({ hook_id, url: receiver.url("/next4") }, key);
    await publish("next-4");
    await received(["/next4"]);
    const ids = (path: string) => arrived(path).map(({ headers }) => headers["webhook-id"]);
    expect(["/next1", "/next2", "/next4"].map(ids)).toEqual([["next-1"], ["next-2"], ["next-4"]]);
  });

  test("put on the events queue by the bus's rule arrives too, and keeps the bus's id", async () => {
    await register({ url: receiver.url("/bus"), scope: "user_reward" });
    const event = eventJson({ id: undefined, scope: "user_reward" });
    const queue = Object.entries(local.services.queues).find(([name]) =>
      name.startsWith("IngestEventsQueue"),
    );
    await sqs.send(
      new SendMessageCommand({
        QueueUrl: queue?.[1],
        MessageBody:
          `{"version":"0","id":"7bf73129-1428-4cd3-a780-95db273d1602","detail-type":"campaign event",` +
          `"source":"claimr","account":"123456789012","time":"2026-11-23T12:00:00Z","region":"eu-west-1",` +
          `"resources":[],"detail":{"account":"demo","event":${event}}}`,
      }),
    );
    await received(["/bus"]);
    expect(arrived("/bus")[0]?.headers["webhook-id"]).toBe("7bf73129-1428-4cd3-a780-95db273d1602");
    expect(arrived("/bus")[0]?.body.toString()).toBe(
      event.replace("{", '{"id":"7bf73129-1428-4cd3-a780-95db273d1602",'),
    );
  });

  test("a batch is accepted whole, and each event arrives as it stood in it", async () => {
    await register({ url: receiver.url("/batch"), campaigns: ["batch"] });
    const events = ["one", "two"].map((id) =>
      eventJson({ id, campaign: { id: "batch", name: "b" } }).replace('"user"', ' "z" : 1.00 , "user"'),
    );
    const { status, body } = await local.call(
      "POST",
      "/events/batch",
      `{"events":[ ${events.join(" ,\n")} ]}`,
    );
    expect([status, body]).toEqual([202, { ids: ["one", "two"] }]);
    await until(() => arrived("/batch").length === 2);
    expect(
      arrived("/batch")
        .map((request) => request.body.toString())
        .sort(),
    ).toEqual(events.sort());
  });

  test("100 events that are all emoji are accepted", async () => {
    const fill = "😀".repeat(2_200);
    const events = Array.from({ length: 100 }, (_, n) =>
      eventJson({ id: `emoji-${n}`, fill, scope: "user_login" }),
    );
    expect((await local.call("POST", "/events/batch", `{"events":[${events.join()}]}`)).status).toBe(202);
  });

  test("an event of 256 KiB of the awkwardest text arrives unchanged", async () => {
    await register({ url: receiver.url("/large"), campaigns: ["large"] });
    const fill = '\\"\\\\\u2028\uFFFE\uFFFF😀 '.repeat(12_000);
    const body = `{"id":"large","x":"${fill}",${eventJson({ id: undefined, campaign: { id: "large", name: "l" } }).slice(1)}`;
    expect((await local.call("POST", "/events", body)).status).toBe(202);
    await received(["/large"]);
    expect(arrived("/large")[0]?.body.equals(Buffer.from(body))).toBe(true);
  });
});

describe("a delivery", () => {
  const free = "my free-text sécret";

  test.each([
    ["a made secret", undefined],
    ["a whsec_ secret", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"],
    ["a free-text secret", free],
  ])(
    "verifies with the standardwebhooks library for %s, and a changed byte does not",
    async (name, given) => {
      const path = `/signed-${name.replaceAll(" ", "-")}`;
      const { secret } = await register({ url: receiver.url(path), ...(given && { secret: given }) });
      await local.call("POST", "/events", eventJson({ id: undefined }));
      await received([path]);
      const library =
        secret === free ? new Webhook(Buffer.from(free), { format: "raw" }) : new Webhook(secret);
      const { body = "", headers = {} } = arrived(path)[0] ?? {};
      expect(library.verify(body.toString(), headers as Record<string, string>)).toMatchObject({
        scope: "user_activity",
      });
      expect(() =>
        library.verify(
          body.toString().replace("23945872938472", "23945872938473"),
          headers as Record<string, string>,
        ),
      ).toThrow();
    },
  );

  test("of the same event published twice, at the same time or later, is made once", async () => {
    const { hook_id } = await register({ url: receiver.url("/twice"), campaigns: ["twice"] });
    const body = eventJson({ id: "twice", campaign: { id: "twice", name: "t" } });
    const publish = () => local.call("POST", "/events", body);
    expect((await Promise.all([publish(), publish(), publish()])).map(({ status }) => status)).toEqual([
      202, 202, 202,
    ]);
    await received(["/twice"]);
    await publish();
    await local.call("POST", "/events/batch", `{"events":[${body},${body}]}`);
    await afterwards("/afterwards-2");
    expect(arrived("/twice")).toHaveLength(1);
    const { body: log } = await local.call("GET", `/deliveries?hook_id=${hook_id}`);
    expect(log.items).toMatchObject([
      { event_id: "twice", status: "delivered", attempts: [{ number: 1, status: 200 }] },
    ]);
  });
});

describe("the local run", () => {
  test("makes, lists and revokes API keys; a revoked one stops at once", async () => {
    const made = await local.keys("create", "--account", "demo", "--role", "integrator,publisher");
    const key = made.stdout.trim();
    expect((await local.call("GET", "/webhooks", undefined, key)).status).toBe(200);
    const id = /key_\w+/.exec(made.stderr)?.[0] ?? "";
    expect((await local.keys("list", "--account", "demo")).stdout).toContain(
      `${id}  demo  integrator,publisher`,
    );
    expect((await local.keys("revoke", id)).stdout).toContain("is revoked");
    expect((await local.call("GET", "/webhooks", undefined, key)).status).toBe(401);
    expect((await local.keys("list")).stdout).not.toContain(key);
  });

  test("says that it is ready at /health, without a key", async () => {
    const { status, body } = await local.call("GET", "/health", undefined, null);
    expect([status, body.status]).toEqual([200, "ok"]);
  });

  test("prints no secret of an integrator", async () => {
    const { secret } = await register({ url: receiver.url("/quiet"), secret: "do-not-print-me" });
    await local.call("POST", "/events", eventJson({ id: undefined }));
    await received(["/quiet"]);
    expect(local.output()).not.toContain(secret);
    expect(local.output()).toContain("delivery.attempted");
  });
});
