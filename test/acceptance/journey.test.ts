import { Webhook as Verifier } from "standardwebhooks";
import { describe, expect, test } from "vitest";
import { until } from "../support/local-run.ts";
import type { Received } from "../support/receiver.ts";
import { anEvent, call, MOMENT_MS, newCampaign, openStack, startStory, target } from "./support/target.ts";

const story = await startStory();

const idOf = ({ headers }: Received) => String(headers["webhook-id"]);
const verify = (secret: string, { body, headers }: Received) =>
  new Verifier(secret).verify(body.toString(), headers as Record<string, string>);

/** Publishes an event and waits until it has arrived at a path. */
async function published(campaign: string, path: string, event = anEvent(campaign)) {
  const { status, body } = await call("POST", "/events", event);
  expect([status, body]).toEqual([202, { id: expect.any(String) }]);
  return until(() => story.arrivedAt(path).find((request) => idOf(request) === body.id), MOMENT_MS);
}

describe("who may call", () => {
  test.each([
    ["without a key", null],
    ["with a key that nobody has", "claimr_0000000000000000000000000000000000000000000"],
  ])("nobody %s: 401, as a problem", async (_, key) => {
    const { status, headers, body } = await call("GET", "/webhooks", undefined, key);
    expect([status, body.status]).toEqual([401, 401]);
    expect(headers.get("content-type")).toContain("application/problem+json");
  });

  test("an unknown path is 404, as a problem", async () => {
    const { status, body } = await call("GET", "/no-such-path");
    expect([status, body.status]).toEqual([404, 404]);
  });

  test("all is ready, and everyone may ask", async () => {
    expect(await call("GET", "/health", undefined, null)).toMatchObject({
      status: 200,
      body: { status: "ok" },
    });
  });
});

describe("a registration", () => {
  test("shows its secret once, is listed without, takes its id once, and is gone when deleted", async () => {
    const campaign = newCampaign();
    const { hook_id, secret } = await story.register(campaign, ["/registered"]);
    expect(secret).toMatch(/^whsec_/);
    const shown = await call("GET", `/webhooks/${hook_id}`);
    expect(shown).toMatchObject({ status: 200, body: { hook_id, campaigns: [campaign], status: "active" } });
    expect(JSON.stringify(shown.body)).not.toContain(secret);
    const again = { hook_id, scope: "user_activity", url: story.urlOf("/again") };
    expect((await call("POST", "/webhooks", again)).status).toBe(409);
    expect((await call("POST", "/webhooks", { ...again, scope: "nonsense" })).body.errors[0].path).toBe(
      "scope",
    );
    expect((await call("DELETE", `/webhooks/${hook_id}`)).status).toBe(204);
    expect((await call("GET", `/webhooks/${hook_id}`)).status).toBe(404);
  });
});

describe("an event published over REST", () => {
  test("reaches each endpoint of whom it concerns once, byte for byte, signed; nobody else; and is in the log", async () => {
    const campaign = newCampaign();
    const paths = ["/fan-1", "/fan-2", "/fan-3"].map((path) => `${path}-${campaign}`);
    const first = await story.register(campaign, paths);
    const second = await story.register(campaign, [`/second-${campaign}`]);
    await story.register(newCampaign(), [`/elsewhere-${campaign}`]);
    await story.register(campaign, [`/other-scope-${campaign}`], { scope: "referral" });

    const event = anEvent(campaign, { id: `fan-${campaign}` }).replace(
      '"rank":42',
      '"rank": 42, "big":12345678901234567890',
    );
    await published(campaign, `/second-${campaign}`, event);
    for (const [path, { secret }] of [
      ...paths.map((path) => [path, first] as const),
      [`/second-${campaign}`, second] as const,
    ]) {
      const request = await until(() => story.arrivedAt(path)[0], MOMENT_MS);
      expect(request.body.toString()).toBe(event);
      expect(() => verify(secret, request)).not.toThrow();
    }
    // The same id again is accepted, and delivered once.
    expect((await call("POST", "/events", event)).status).toBe(202);
    await published(campaign, `/second-${campaign}`);
    for (const path of paths)
      expect(
        story
          .arrivedAt(path)
          .map(idOf)
          .filter((id) => id === `fan-${campaign}`),
      ).toHaveLength(1);
    expect(story.arrivedAt(`/elsewhere-${campaign}`)).toEqual([]);
    expect(story.arrivedAt(`/other-scope-${campaign}`)).toEqual([]);

    const log = await until(async () => {
      const { body } = await call("GET", `/deliveries?hook_id=${second.hook_id}&status=delivered`);
      return body.items.length === 2 && body.items;
    }, MOMENT_MS);
    expect(log.map(({ event_id }: { event_id: string }) => event_id)).toContain(`fan-${campaign}`);
    expect((await call("GET", `/deliveries/${log[0].id}`)).body.attempts).toMatchObject([
      { number: 1, status: 200 },
    ]);
  });

  test("goes in batches, all or none", async () => {
    const campaign = newCampaign();
    const path = `/batch-${campaign}`;
    await story.register(campaign, [path]);
    const events = Array.from({ length: 20 }, (_, n) => anEvent(campaign, { id: `${campaign}-${n}` }));
    const spoiled = await call(
      "POST",
      "/events/batch",
      `{"events":[${[...events, '{"scope":"nonsense"}'].join()}]}`,
    );
    expect(spoiled.status).toBe(422);
    const { status, body } = await call("POST", "/events/batch", `{"events":[${events.join()}]}`);
    expect([status, body.ids.length]).toEqual([202, 20]);
    await until(() => story.arrivedAt(path).length >= 20, MOMENT_MS);
    expect(story.arrivedAt(path).map(idOf).sort()).toEqual([...body.ids].sort());
  });
});

describe("an event put on the EventBridge bus", () => {
  test("reaches its endpoint signed, and with the id it was given", async ({ skip }) => {
    if (target.stage === undefined) return skip("without --stage the bus cannot be reached");
    const stack = await openStack(target.stage);
    const campaign = newCampaign();
    const path = `/bus-${campaign}`;
    const { secret } = await story.register(campaign, [path]);
    expect(await stack.putOnBus(JSON.parse(anEvent(campaign, { id: `bus-${campaign}` })))).toBe(0);
    const request = await until(() => story.arrivedAt(path)[0], MOMENT_MS);
    expect(idOf(request)).toBe(`bus-${campaign}`);
    expect(() => verify(secret, request)).not.toThrow();
  });
});

describe("a secret", () => {
  test("rotates with an overlap, in which both sign", async () => {
    const campaign = newCampaign();
    const path = `/rotate-${campaign}`;
    const { hook_id, secret: old } = await story.register(campaign, [path]);
    const { body } = await call("POST", `/webhooks/${hook_id}/secret`, {});
    const request = await published(campaign, path);
    for (const secret of [old, body.secret]) expect(() => verify(secret, request)).not.toThrow();
  });
});

describe("a disabled webhook", () => {
  test("gets nothing until it is active again", async () => {
    const campaign = newCampaign();
    const [path, watched] = [`/disabled-${campaign}`, `/watched-${campaign}`];
    const { hook_id } = await story.register(campaign, [path]);
    await story.register(campaign, [watched]);
    expect((await call("PATCH", `/webhooks/${hook_id}`, { status: "disabled" })).body.status).toBe(
      "disabled",
    );
    await published(campaign, watched);
    expect((await call("PATCH", `/webhooks/${hook_id}`, { status: "active" })).body.status).toBe("active");
    const request = await published(campaign, path);
    expect(story.arrivedAt(path)).toEqual([request]);
  });
});

describe("a test send", () => {
  test("reaches the endpoint at once, and tells what came of it", async () => {
    const path = `/tested-${newCampaign()}`;
    const { hook_id, secret } = await story.register(newCampaign(), [path]);
    const { status, body } = await call("POST", `/webhooks/${hook_id}/test`, { user: "user-42" });
    expect(status).toBe(200);
    expect(body.results).toMatchObject([
      { url: story.urlOf(path), delivered: true, status: 200, error: null },
    ]);
    const [request] = story.arrivedAt(path) as [Received];
    expect(idOf(request)).toBe(body.id);
    expect(() => verify(secret, request)).not.toThrow();
  });
});
