import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { eventJson } from "../support/factories.ts";
import { type LocalRun, startLocalRun, until } from "../support/local-run.ts";
import { type Answer, type Received, type Receiver, startReceiver } from "../support/receiver.ts";

const DELAYS_SECONDS = [1, 2, 3];
/** How a path answers its nth request. */
const answers: Record<string, (n: number) => Answer> = {};

let local: LocalRun;
let receiver: Receiver;

beforeAll(async () => {
  receiver = await startReceiver(({ path }) => answers[path]?.(arrived(path).length) ?? {});
  // The last delay goes by EventBridge schedule, the others by SQS.
  local = await startLocalRun({ RETRY_DELAYS_SECONDS: DELAYS_SECONDS.join(), SCHEDULE_FROM_SECONDS: "3" });
});
afterAll(async () => {
  await Promise.all([local?.stop(), receiver?.close()]);
});

const arrived = (path: string): Received[] => receiver.requests.filter((request) => request.path === path);

/** A webhook for one path, which alone gets the events that `publish` publishes. */
async function aWebhookAt(path: string, answer: (n: number) => Answer) {
  answers[path] = answer;
  const campaign = path.slice(1);
  const { body } = await local.call("POST", "/webhooks", {
    scope: "user_activity",
    url: receiver.url(path),
    campaigns: [campaign],
  });
  const hook = `/webhooks/${body.hook_id}`;
  return {
    hookId: body.hook_id as string,
    hook,
    async publish() {
      const event = eventJson({ id: undefined, campaign: { id: campaign, name: campaign } });
      return (await local.call("POST", "/events", event)).body.id as string;
    },
    async delivery() {
      return (await local.call("GET", `/deliveries?hook_id=${body.hook_id}`)).body.items[0];
    },
    async undelivered() {
      return (await local.call("GET", `/undelivered?hook_id=${body.hook_id}`)).body.items;
    },
    async hasStatus(status: string) {
      await until(async () => (await this.delivery())?.status === status);
      // The row is written once the record is.
      if (status === "undelivered") await until(async () => (await this.undelivered()).length > 0);
    },
  };
}

describe.concurrent("a receiver that", () => {
  test("always fails gets every attempt on time, and then there is one undelivered row with all of them", async () => {
    const webhook = await aWebhookAt("/always-500", () => ({ status: 500, body: "no, thank you" }));
    const id = await webhook.publish();
    await webhook.hasStatus("undelivered");

    const times = arrived("/always-500").map(({ at }) => at);
    const gaps = times.slice(1).map((at, index) => (at - (times[index] ?? 0)) / 1000);
    expect(gaps).toHaveLength(DELAYS_SECONDS.length);
    for (const [index, delay] of DELAYS_SECONDS.entries()) {
      expect(gaps[index]).toBeGreaterThan(delay - 0.1);
      expect(gaps[index]).toBeLessThan(delay + 1);
    }
    expect(new Set(arrived("/always-500").map(({ headers }) => headers["webhook-id"]))).toEqual(
      new Set([id]),
    );
    expect(new Set(arrived("/always-500").map(({ body }) => body.toString())).size).toBe(1);

    const rows = await webhook.undelivered();
    expect(rows).toHaveLength(1);
    expect(rows[0]).toMatchObject({
      event_id: id,
      url: receiver.url("/always-500"),
      reason: "all 4 attempts failed",
      attempts: [1, 2, 3, 4].map((number) => ({
        number,
        status: 500,
        error: "answered 500",
        response: "no, thank you",
      })),
    });
    expect(rows[0]).not.toHaveProperty("body");
    const { body: row } = await local.call("GET", `/undelivered/${rows[0].id}`);
    expect(row.body).toBe(arrived("/always-500")[0]?.body.toString());
  });

  test("recovers on attempt three gets three, and there is no row", async () => {
    const webhook = await aWebhookAt("/recovers", (n) => ({ status: n < 3 ? 503 : 200 }));
    await webhook.publish();
    await webhook.hasStatus("delivered");
    expect(arrived("/recovers")).toHaveLength(3);
    expect((await webhook.delivery()).attempts.map(({ status }: { status: number }) => status)).toEqual([
      503, 503, 200,
    ]);
    expect(await webhook.undelivered()).toEqual([]);
  });

  test("asks for patience with Retry-After is given it", async () => {
    const webhook = await aWebhookAt("/patience", (n) =>
      n === 1 ? { status: 429, headers: { "retry-after": "3" } } : {},
    );
    await webhook.publish();
    await webhook.hasStatus("delivered");
    const [first, second] = arrived("/patience").map(({ at }) => at);
    expect((second ?? 0) - (first ?? 0)).toBeGreaterThan(2_900);
    expect((second ?? 0) - (first ?? 0)).toBeLessThan(4_000);
  });

  test("is gone is not called again, and its webhook is disabled until it is enabled", async () => {
    const webhook = await aWebhookAt("/gone", (n) => ({ status: n === 1 ? 410 : 200 }));
    await webhook.publish();
    await webhook.hasStatus("undelivered");
    // The webhook is written last of all.
    const shown = await until(async () => {
      const { body } = await local.call("GET", webhook.hook);
      return body.status === "disabled" && body;
    });
    expect(shown.disabled_urls).toEqual([receiver.url("/gone")]);
    await webhook.publish();
    await until(async () => (await webhook.undelivered()).length === 2);
    expect(arrived("/gone")).toHaveLength(1);

    const { body: enabled } = await local.call("PATCH", webhook.hook, { status: "active" });
    expect(enabled).toMatchObject({ status: "active", disabled_urls: [] });
    await webhook.publish();
    await until(() => arrived("/gone").length === 2);
  });

  test("redirects is not followed", async () => {
    const webhook = await aWebhookAt("/redirects", () => ({
      status: 307,
      headers: { location: receiver.url("/target") },
    }));
    await webhook.publish();
    await until(async () => (await webhook.delivery())?.attempts.length === 1);
    expect((await webhook.delivery()).attempts[0].error).toBe("answered 307 (redirects are not followed)");
    expect(arrived("/target")).toEqual([]);
  });

  test("is not there is reported as such", async () => {
    const down = await startReceiver();
    await down.close();
    const { body } = await local.call("POST", "/webhooks", {
      scope: "user_activity",
      url: down.url(),
      campaigns: ["down"],
    });
    await local.call("POST", "/events", eventJson({ id: undefined, campaign: { id: "down", name: "d" } }));
    const log = async () => (await local.call("GET", `/deliveries?hook_id=${body.hook_id}`)).body.items[0];
    await until(async () => (await log())?.attempts.length > 0);
    expect((await log()).attempts[0]).toMatchObject({
      status: null,
      error: "connection refused",
      response: null,
    });
  });
});

describe.concurrent("while a retry waits, a webhook that is", () => {
  test("deleted gets no further attempt: the delivery is cancelled", async () => {
    const webhook = await aWebhookAt("/deleted", () => ({ status: 500 }));
    await webhook.publish();
    await until(() => arrived("/deleted").length === 1);
    expect((await local.call("DELETE", webhook.hook)).status).toBe(204);
    await webhook.hasStatus("cancelled");
    expect(arrived("/deleted")).toHaveLength(1);
    expect(await webhook.undelivered()).toEqual([]);
  });

  test("deleted and registered anew does not inherit it", async () => {
    const webhook = await aWebhookAt("/anew", () => ({ status: 500 }));
    await webhook.publish();
    await until(() => arrived("/anew").length === 1);
    await local.call("DELETE", webhook.hook);
    const again = {
      scope: "user_activity",
      url: receiver.url("/anew"),
      hook_id: webhook.hookId,
      campaigns: ["anew"],
    };
    expect((await local.call("POST", "/webhooks", again)).status).toBe(201);
    await webhook.hasStatus("cancelled");
    expect(arrived("/anew")).toHaveLength(1);
    await local.call("DELETE", webhook.hook);
  });

  test("disabled gets no further attempt: the event is undelivered, with the reason", async () => {
    const webhook = await aWebhookAt("/disabled", () => ({ status: 500 }));
    await webhook.publish();
    await until(() => arrived("/disabled").length === 1);
    expect((await local.call("PATCH", webhook.hook, { status: "disabled" })).body.status).toBe("disabled");
    await webhook.hasStatus("undelivered");
    expect(arrived("/disabled")).toHaveLength(1);
    expect(await webhook.undelivered()).toMatchObject([
      { reason: "the webhook is disabled", attempts: [{ number: 1 }] },
    ]);
  });

  test("enabled again in time is tried again", async () => {
    const webhook = await aWebhookAt("/enabled", (n) => ({ status: n === 1 ? 500 : 200 }));
    await webhook.publish();
    await until(() => arrived("/enabled").length === 1);
    await local.call("PATCH", webhook.hook, { status: "disabled" });
    await local.call("PATCH", webhook.hook, { status: "active" });
    await webhook.hasStatus("delivered");
  });

  test("given another URL does not call the old one again", async () => {
    const webhook = await aWebhookAt("/old-url", () => ({ status: 500 }));
    await webhook.publish();
    await until(() => arrived("/old-url").length === 1);
    await local.call("PATCH", webhook.hook, { url: receiver.url("/new-url") });
    await webhook.hasStatus("cancelled");
    expect(arrived("/old-url")).toHaveLength(1);
  });
});
