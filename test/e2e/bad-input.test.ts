import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Answer } from "../support/call-api.ts";
import { eventJson } from "../support/factories.ts";
import { type LocalRun, startLocalRun } from "../support/local-run.ts";

let local: LocalRun;
const keys = { publisher: "", integrator: "", other: "", revoked: "" };

beforeAll(async () => {
  local = await startLocalRun();
  const make = async (account: string, role: string) =>
    (await local.keys("create", "--account", account, "--role", role)).stdout.trim();
  [keys.publisher, keys.integrator, keys.other, keys.revoked] = await Promise.all([
    make("demo", "publisher"),
    make("demo", "integrator"),
    make("other", "integrator"),
    make("demo", "integrator"),
  ]);
  const listed = (await local.keys("list", "--account", "demo")).stdout.split("\n");
  const { hashApiKey } = await import("../../shared/domain/api-key.ts");
  const id = `key_${hashApiKey(keys.revoked).slice(0, 12)}`;
  expect(listed.join()).toContain(id);
  await local.keys("revoke", id);
  const taken = { scope: "user_activity", url: "http://127.0.0.1:1/", hook_id: "taken" };
  await local.call("POST", "/webhooks", taken);
});
afterAll(() => local?.stop());

const webhook = (fields: Record<string, unknown> = {}) => ({
  scope: "user_activity",
  url: "http://127.0.0.1:1/hook",
  ...fields,
});

/** A refusal in the shape of RFC 9457, that names the fields and gives nothing away. */
function expectProblem({ status, headers, body }: Answer, expected: number, ...paths: string[]) {
  expect(status).toBe(expected);
  expect(headers.get("content-type")).toBe("application/problem+json");
  expect(body).toMatchObject({ type: "about:blank", status: expected, title: expect.any(String) });
  expect(body.detail.length).toBeGreaterThan(10);
  const named = (body.errors ?? []).map(({ path }: { path: string }) => path);
  for (const path of paths) expect(named).toContain(path);
  for (const { message } of body.errors ?? []) expect(message).toEqual(expect.any(String));
  expect(JSON.stringify(body)).not.toMatch(/at .*\(|node_modules|stack|dynamo/i);
}

describe("a webhook is refused, and the field named, for", () => {
  test.each<[string, unknown, number, string[]]>([
    ["malformed JSON", "{", 400, []],
    ["no body at all", "", 400, []],
    ["a body that is not UTF-8", new Uint8Array([0x7b, 0xff, 0x7d]), 400, []],
    ["an array", [], 422, [""]],
    ["null", "null", 422, [""]],
    ["no scope", { url: "http://127.0.0.1/" }, 422, ["scope"]],
    ["an unknown scope", webhook({ scope: "user_logi" }), 422, ["scope"]],
    ["the scope that only the docs know", webhook({ scope: "authentication" }), 422, ["scope"]],
    ["no url", { scope: "referral" }, 422, ["url"]],
    ["a url of the wrong type", webhook({ url: 7 }), 422, ["url"]],
    ["an empty list", webhook({ url: [] }), 422, ["url"]],
    [
      "11 URLs",
      webhook({ url: Array.from({ length: 11 }, (_, n) => `http://127.0.0.1/${n}`) }),
      422,
      ["url"],
    ],
    ["the same URL twice", webhook({ url: ["http://127.0.0.1/", "http://127.0.0.1/"] }), 422, ["url"]],
    ["an ftp: URL", webhook({ url: "ftp://example.com/" }), 422, ["url"]],
    [
      "a URL with a password",
      webhook({ url: ["http://127.0.0.1/", "http://u:p@127.0.0.1/"] }),
      422,
      ["url.1"],
    ],
    ["no URL", webhook({ url: ["not a url"] }), 422, ["url.0"]],
    ["a hook_id with a dot", webhook({ hook_id: "a.b" }), 422, ["hook_id"]],
    ["a hook_id of 65", webhook({ hook_id: "x".repeat(65) }), 422, ["hook_id"]],
    ["an empty secret", webhook({ secret: "" }), 422, ["secret"]],
    ["a secret of wrong base64", webhook({ secret: "whsec_not base64" }), 422, ["secret"]],
    ["campaigns of the wrong type", webhook({ campaigns: "sue7r1vO" }), 422, ["campaigns"]],
    ["half a character in a campaign", webhook({ campaigns: ["a", "\ud800"] }), 422, ["campaigns.1"]],
    ["half a character in a url", webhook({ url: "http://127.0.0.1/\udfff" }), 422, ["url"]],
    ["an unknown field", webhook({ hookId: "a" }), 422, ["hookId"]],
    ["several at once", { scope: "x", url: [1], secret: 2 }, 422, ["scope", "url.0", "secret"]],
    [
      "more unknown fields than one cares to read",
      Object.fromEntries(Array.from({ length: 9_000 }, (_, n) => [`k${n}`, 1])),
      422,
      ["k0"],
    ],
    ["a body of 200 KiB", webhook({ secret: "x".repeat(200 * 1024) }), 413, []],
    ["a hook_id that is taken", webhook({ hook_id: "taken" }), 409, ["hook_id"]],
  ])("%s", async (_, body, status, paths) => {
    expectProblem(await local.call("POST", "/webhooks", body), status, ...paths);
  });

  test.each<[string, unknown, string]>([
    ["no change", {}, ""],
    ["an unknown status", { status: "paused" }, "status"],
    ["a secret, which has a way of its own", { secret: "x" }, "secret"],
    ["a bad url", { url: "ftp://x/" }, "url"],
  ])("a PATCH with %s", async (_, body, path) => {
    expectProblem(await local.call("PATCH", "/webhooks/taken", body), 422, path);
  });
});

describe("an event is refused, and the field named, for", () => {
  test.each<[string, string, unknown, number, string[]]>([
    ["malformed JSON", "/events", '{"id":', 400, []],
    ["an id with a dot", "/events", eventJson({ id: "a.b" }), 422, ["id"]],
    ["an unknown scope", "/events", eventJson({ scope: "user_logi" }), 422, ["scope"]],
    ["wrong types", "/events", eventJson({ user: 1, campaign: [] }), 422, ["user", "campaign"]],
    ["300 KiB", "/events", eventJson({ fill: "x".repeat(300 * 1024) }), 413, []],
    ["more than Lambda takes", "/events", "x".repeat(5 * 1024 * 1024), 413, []],
    ["more than the API takes", "/events", "x".repeat(10 * 1024 * 1024 + 1), 413, []],
    [
      "a campaign of 129",
      "/events",
      eventJson({ campaign: { id: "x".repeat(129), name: "" } }),
      422,
      ["campaign.id"],
    ],
    ["a batch of none", "/events/batch", { events: [] }, 422, ["events"]],
    ["a batch of 101", "/events/batch", { events: Array(101).fill({}) }, 422, ["events"]],
    [
      "a batch with one bad",
      "/events/batch",
      `{"events":[${eventJson()},{}]}`,
      422,
      ["events.1.scope", "events.1.user"],
    ],
    [
      "a batch with one too large",
      "/events/batch",
      { events: [{ x: "x".repeat(300 * 1024) }] },
      413,
      ["events.0"],
    ],
  ])("%s", async (_, path, body, status, paths) => {
    expectProblem(await local.call("POST", path, body), status, ...paths);
  });
});

describe("a caller is refused", () => {
  test.each<[string, () => string | null, number]>([
    ["without a key", () => null, 401],
    ["with a wrong key", () => "claimr_wrong", 401],
    ["with a revoked key", () => keys.revoked, 401],
    ["with a publisher's key on an integrator's route", () => keys.publisher, 403],
  ])("%s", async (_, key, status) => {
    expectProblem(await local.call("GET", "/webhooks", undefined, key()), status);
    expectProblem(await local.call("DELETE", "/webhooks/taken", undefined, key()), status);
  });

  test("with an integrator's key on a publisher's route", async () => {
    expectProblem(await local.call("POST", "/events", eventJson(), keys.integrator), 403);
  });

  test.each(["GET", "PATCH", "DELETE"])(
    "%s of another account's webhook: as if it were not there",
    async (method) => {
      const body = method === "PATCH" ? { status: "disabled" } : undefined;
      const theirs = await local.call(method, "/webhooks/taken", body, keys.other);
      const nobodys = await local.call(method, "/webhooks/nobodys", body, keys.other);
      expectProblem(theirs, 404);
      expect(theirs.body).toEqual(nobodys.body);
    },
  );

  test.each([
    ["GET", "/nowhere"],
    ["PUT", "/webhooks"],
    ["GET", "/webhooks/a/b"],
    ["GET", "/deliveries/dlv_nobodys"],
    ["GET", "/undelivered/dlv_nobodys"],
    ["GET", `/deliveries/${"x".repeat(3000)}`],
    ["GET", `/undelivered/${"x".repeat(3000)}`],
    ["GET", `/jobs/${"x".repeat(3000)}`],
    ["GET", "/jobs/nobodysnobodysnobodys"],
    ["POST", "/undelivered/dlv_nobodys/redeliver"],
    ["DELETE", "/undelivered/dlv_nobodys"],
    ["GET", `/webhooks/${"x".repeat(65)}`],
  ])("%s %s is not found", async (method, path) => {
    expectProblem(await local.call(method, path), 404);
  });
});

describe("a list is refused for", () => {
  test.each([
    ["/webhooks?limit=0", "limit"],
    ["/webhooks?limit=101", "limit"],
    ["/webhooks?limit=ten", "limit"],
    ["/webhooks?cursor=%21", "cursor"],
    ["/webhooks?cursor=bm9uc2Vuc2U", "cursor"],
    ["/webhooks?page=2", "page"],
    ["/deliveries?status=lost", "status"],
    ["/deliveries?cursor=W10", "cursor"],
    ["/deliveries?hook_id=a.b", "hook_id"],
    ["/undelivered?since=yesterday", "since"],
    ["/undelivered?cursor=e30", "cursor"],
  ])("%s", async (path, field) => {
    expectProblem(await local.call("GET", path), 422, field);
  });

  test("no time range is too strange: one that ends before it begins is empty", async () => {
    const range = "since=2026-01-02T00:00:00Z&until=2026-01-01T00:00:00%2B02:00";
    expect((await local.call("GET", `/undelivered?hook_id=taken&${range}`)).body.items).toEqual([]);
  });
});

test("after all of it nothing was written, and our side saw no failure", async () => {
  const { body } = await local.call("GET", "/webhooks");
  expect(body.items.map(({ hook_id }: { hook_id: string }) => hook_id)).toEqual(["taken"]);
  expect(body.items[0]).toMatchObject({ status: "active", urls: ["http://127.0.0.1:1/"] });
  expect((await local.call("GET", "/deliveries?hook_id=taken")).body.items).toEqual([]);
  expect(local.output()).not.toMatch(/delivery\.attempted|request\.failed|message\.failed/);
});

test("lists come in pages that join without a gap or a repeat, and show no secret", async () => {
  const ids = Array.from({ length: 7 }, (_, n) => `page-${n}`);
  for (const hook_id of ids)
    await local.call("POST", "/webhooks", webhook({ hook_id, secret: "not-in-a-list" }));
  const seen: string[] = [];
  let cursor: string | null = "";
  while (cursor !== null) {
    const { body }: Answer = await local.call("GET", `/webhooks?limit=3${cursor && `&cursor=${cursor}`}`);
    expect(body.items.length).toBeLessThanOrEqual(3);
    expect(JSON.stringify(body)).not.toContain("not-in-a-list");
    seen.push(...body.items.map(({ hook_id }: { hook_id: string }) => hook_id));
    cursor = body.next_cursor;
  }
  expect(seen).toEqual([...ids, "taken"]);
});
