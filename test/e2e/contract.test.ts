import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Route, routes } from "../../shared/http/routes.ts";
import type { Answer } from "../support/call-api.ts";
import { document, documentedOperations, undocumented } from "../support/documented.ts";
import { eventJson } from "../support/factories.ts";
import { type LocalRun, startLocalRun, until } from "../support/local-run.ts";
import { type Receiver, startReceiver } from "../support/receiver.ts";

type Call = { query?: string; body?: unknown; key?: string | null; path?: Record<string, string> };

const keyed = routes.filter(({ access }) => access !== "open");
/** All but the pages for people, and the document itself. */
const documented: Route[] = routes.filter(({ path }) => path in document.paths);
const nameOf = ({ method, path }: Route) => `${method} ${path}`;
const missingId = "dlv_AAAAAAAAAAAAAAAAAAAAAAAA";

let local: LocalRun;
let receiver: Receiver;
/** One of each thing, in the account `demo`. */
const ids = { hook_id: "kept", delivery: "", undelivered: "", job: "" };

beforeAll(async () => {
  receiver = await startReceiver(({ path }) => ({ status: path === "/down" ? 500 : 200 }));
  local = await startLocalRun({ RETRY_DELAYS_SECONDS: "1" });
  const url = [receiver.url("/up"), receiver.url("/down")];
  await local.call("POST", "/webhooks", { scope: "user_activity", url, hook_id: "kept" });
  await local.call("POST", "/events", eventJson({ id: "contract" }));
  const rows = async () => (await local.call("GET", "/undelivered")).body.items;
  await until(async () => (await rows()).length === 1);
  ids.undelivered = (await rows())[0].id;
  const delivered = await local.call("GET", "/deliveries?status=delivered");
  ids.delivery = delivered.body.items[0].id;
  // Cancelled before it begins to matter, so that the row stays.
  const range = { hook_id: "kept", until: "2020-01-01T00:00:00Z" };
  ids.job = (await local.call("POST", "/undelivered/redeliver", range)).body.job_id;
});
afterAll(async () => {
  await Promise.all([local?.stop(), receiver?.close()]);
});

async function perform(route: Route, { query = "", body, key, path = {} }: Call): Promise<Answer> {
  const idOf: Record<string, string> = {
    hook_id: ids.hook_id,
    id: route.path.startsWith("/jobs")
      ? ids.job
      : route.path.startsWith("/deliveries")
        ? ids.delivery
        : ids.undelivered,
    ...path,
  };
  const target = route.path.replace(/\{(\w+)\}/g, (_, name: string) => idOf[name] ?? name);
  return local.call(route.method, target + query, body, key);
}

function expectDocumented({ method, path }: Route, { status, headers, body }: Answer) {
  const operation = documentedOperations.find((one) => one.method === method && one.path === path);
  if (!operation) throw new Error(`${method} ${path} is not documented`);
  expect(
    undocumented(operation, { status, contentType: headers.get("content-type") ?? "", body }),
  ).toBeUndefined();
}

/** A call for each operation that should go well. What removes something comes last. */
const good: Record<string, Call> = {
  "GET /health": { key: null },
  "POST /webhooks": { body: { scope: "referral", url: "http://127.0.0.1:1/" } },
  "GET /webhooks": { query: "?limit=1" },
  "GET /webhooks/{hook_id}": {},
  "PATCH /webhooks/{hook_id}": { body: { campaigns: [] } },
  "POST /webhooks/{hook_id}/secret": {},
  "POST /webhooks/{hook_id}/test": { body: { user: "u" } },
  "POST /events": { body: eventJson({ id: undefined, scope: "user_login" }) },
  "POST /events/batch": { body: `{"events":[${eventJson({ id: undefined, scope: "user_login" })}]}` },
  "GET /deliveries": { query: "?hook_id=kept&limit=1" },
  "GET /deliveries/{id}": {},
  "GET /undelivered": { query: "?hook_id=kept" },
  "GET /undelivered/{id}": {},
  "POST /undelivered/redeliver": { body: { hook_id: "kept", dry_run: true } },
  "GET /jobs/{id}": {},
  "DELETE /jobs/{id}": {},
  "POST /undelivered/{id}/redeliver": {},
  "DELETE /undelivered/{id}": {},
  "DELETE /webhooks/{hook_id}": {},
};

/** Two accounts: no route of the other's shows, counts, tests, changes or redelivers anything of `demo`'s. */
describe("another account's key", () => {
  test.each(keyed.map((route) => [nameOf(route), route] as const))("%s", async (name, route) => {
    const role = route.access;
    const account = `other-${routes.indexOf(route)}`;
    const key = (await local.keys("create", "--account", account, "--role", role)).stdout.trim();
    const before = (await local.call("GET", "/webhooks/kept")).body;
    const answer = await perform(route, { ...good[name], key });
    const nobodys =
      route.path.includes("{hook_id}") || route.path.includes("{id}") || name.includes("redeliver");
    if (nobodys) expect(answer.status).toBe(404);
    else if (route.method === "GET") expect(answer.body).toEqual({ items: [], next_cursor: null });
    expect(JSON.stringify(answer.body)).not.toMatch(/kept|contract/);
    expect((await local.call("GET", "/webhooks/kept")).body).toEqual(before);
    expect((await local.call("GET", `/undelivered/${ids.undelivered}`)).status).toBe(200);
  });
});

describe("an answer is as the document says", () => {
  test.each(documented.map((route) => [nameOf(route), route] as const))("%s, refused", async (_, route) => {
    const calls: Call[] = [{ path: { hook_id: "nobodys", id: missingId }, body: {} }];
    if (route.access !== "open") calls.push({ key: null }, { key: "wrong" });
    if (route.method === "POST" || route.method === "PATCH")
      calls.push({ body: "{" }, { body: { nonsense: 1 } });
    if (route.method === "GET") calls.push({ query: "?limit=0&nonsense=1" });
    for (const call of calls) {
      // What needs no input cannot be refused for it.
      if (route.method === "GET" || route.method === "DELETE") delete call.body;
      if (route.path.endsWith("{id}/redeliver") && !call.path && call.key === undefined) continue;
      expectDocumented(route, await perform(route, call));
    }
  });

  test.each(Object.entries(good))("%s", async (name, call) => {
    const route = routes.find((candidate) => nameOf(candidate) === name) as Route;
    const answer = await perform(route, call);
    // A redelivered row is on its way out when the next one wants to delete it.
    expect(answer.status === 404 && name === "DELETE /undelivered/{id}" ? 204 : answer.status).toBeLessThan(
      300,
    );
    expectDocumented(route, answer);
  });

  test("no operation is left out", () => {
    expect(Object.keys(good).toSorted()).toEqual(documented.map(nameOf).toSorted());
    expect(routes.filter((route) => !documented.includes(route)).map(({ path }) => path)).toEqual([
      "/openapi.json",
      "/docs",
      "/docs/{file}",
      "/console",
      "/console/{file}",
    ]);
  });
});
