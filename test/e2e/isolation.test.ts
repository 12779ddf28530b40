import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import * as z from "zod";
import { type LocalRun, startLocalRun } from "../../infra/local/run.ts";
import { localSettings } from "../../infra/local/settings.ts";
import { createApiKeyTable } from "../../shared/aws/api-key-table.ts";
import { dynamoDb } from "../../shared/aws/clients.ts";
import { readConfig } from "../../shared/config.ts";
import { newApiKey, roles } from "../../shared/domain/api-key.ts";
import { routes } from "../../shared/http/routes.ts";
import { log } from "../../shared/log.ts";
import { watchAwsCalls } from "../support/aws-calls.ts";
import { eventJson } from "../support/factories.ts";
import { until } from "../support/local-run.ts";
import { type Receiver, startReceiver } from "../support/receiver.ts";

/**
 * The run is in this very process, so that what a request asks of AWS can be listened to: two answers that look alike
 * and cost the same calls cannot be told apart by their time either.
 */
let local: LocalRun;
let receiver: Receiver;
const keys: Record<string, string> = {};

/** What a request may name. */
interface Things {
  readonly hook_id: string;
  readonly delivery: string;
  readonly undelivered: string;
  readonly job: string;
  readonly cursors: Readonly<Record<"webhooks" | "deliveries" | "undelivered", string>>;
}
let theirs: Things;
const cursorOf = (position: unknown) => Buffer.from(JSON.stringify(position)).toString("base64url");
const missing: Things = {
  hook_id: "theirx-1",
  delivery: `dlv_${"A".repeat(24)}`,
  undelivered: `dlv_${"B".repeat(24)}`,
  job: "C".repeat(21),
  cursors: {
    webhooks: cursorOf("theirx-1"),
    deliveries: cursorOf({ sk: "2026-11-23T12:00:00.000Z#AAAAAAAA", taken: 1 }),
    undelivered: cursorOf(`2026-11-23T12:00:00.000Z#dlv_${"A".repeat(24)}`),
  },
};

interface Request {
  readonly target: string;
  readonly body?: unknown;
}
type KeyedRoute = Exclude<(typeof routes)[number], { access: "open" }>;
type RouteName<R extends KeyedRoute = KeyedRoute> = R extends KeyedRoute
  ? `${R["method"]} ${R["path"]}`
  : never;

const inPath =
  (suffix = "", body?: unknown) =>
  (id: string) => ({ target: `${id}${suffix}`, body });
const ofWebhook =
  (...args: Parameters<typeof inPath>) =>
  ({ hook_id }: Things): Request[] => [inPath(...args)(`/webhooks/${hook_id}`)];

/** Every way in which a route can name something. A new route has to say how it does. */
const ways: Readonly<Record<RouteName, (things: Things) => Request[]>> = {
  // An id of one's own choice, which another account may have chosen too: tested below.
  "POST /webhooks": () => [],
  "GET /webhooks": ({ cursors }) => [{ target: `/webhooks?cursor=${cursors.webhooks}` }],
  "GET /webhooks/{hook_id}": ofWebhook(),
  "PATCH /webhooks/{hook_id}": (things) => [
    ...ofWebhook("", { status: "disabled" })(things),
    ...ofWebhook("", { url: "http://127.0.0.1:1/" })(things),
    ...ofWebhook("", { status: "nonsense" })(things),
  ],
  "DELETE /webhooks/{hook_id}": ofWebhook(),
  "POST /webhooks/{hook_id}/secret": (things) => [
    ...ofWebhook("/secret")(things),
    ...ofWebhook("/secret", { secret: "mine now", overlap_seconds: 0 })(things),
  ],
  "POST /webhooks/{hook_id}/test": ofWebhook("/test", { user: "u" }),
  // Nothing is named: whose webhooks get an event is the key's account.
  "POST /events": () => [],
  "POST /events/batch": () => [],
  "GET /deliveries": ({ hook_id, cursors }) => [
    { target: `/deliveries?hook_id=${hook_id}` },
    { target: `/deliveries?hook_id=${hook_id}&status=delivered&limit=1` },
    { target: `/deliveries?cursor=${cursors.deliveries}` },
    { target: `/deliveries?hook_id=${hook_id}&cursor=${cursors.deliveries}` },
  ],
  "GET /deliveries/{id}": ({ delivery }) => [{ target: `/deliveries/${delivery}` }],
  "GET /undelivered": ({ hook_id, cursors }) => [
    { target: `/undelivered?hook_id=${hook_id}` },
    { target: `/undelivered?hook_id=${hook_id}&since=2020-01-01T00:00:00Z` },
    { target: `/undelivered?cursor=${cursors.undelivered}` },
    { target: `/undelivered?hook_id=${hook_id}&cursor=${cursors.undelivered}` },
  ],
  "GET /undelivered/{id}": ({ undelivered }) => [{ target: `/undelivered/${undelivered}` }],
  "DELETE /undelivered/{id}": ({ undelivered }) => [{ target: `/undelivered/${undelivered}` }],
  "POST /undelivered/{id}/redeliver": ({ undelivered }) => [
    { target: `/undelivered/${undelivered}/redeliver` },
  ],
  "POST /undelivered/redeliver": ({ hook_id }) =>
    [{}, { dry_run: true }, { since: "2020-01-01T00:00:00Z", per_second: 1 }].map((more) => ({
      target: "/undelivered/redeliver",
      body: { hook_id, ...more },
    })),
  "GET /jobs/{id}": ({ job }) => [{ target: `/jobs/${job}` }],
  "DELETE /jobs/{id}": ({ job }) => [{ target: `/jobs/${job}` }],
};

async function call(account: string, method: string, { target, body }: Request) {
  const response = await fetch(local.url + target, {
    method,
    headers: { authorization: `Bearer ${keys[account]}` },
    ...(body !== undefined && { body: typeof body === "string" ? body : JSON.stringify(body) }),
  });
  const headers = [...response.headers].filter(([name]) => name !== "date");
  return { status: response.status, headers, text: await response.text() };
}

const listed = z.object({ items: z.array(z.looseObject({})), next_cursor: z.string().nullable() });
const get = async (account: string, target: string) =>
  JSON.parse((await call(account, "GET", { target })).text);
const firstPage = async (account: string, target: string) => listed.parse(await get(account, target));

/**
 * The AWS calls that are made while something is done, each with the table it asks. Left out are the pollers', which
 * go on all the time, and the count of an account's requests, which is written once a second whatever is asked.
 */
async function awsCalls(doing: () => Promise<unknown>): Promise<string[]> {
  const calls: { target: string; body: string }[] = [];
  const watch = watchAwsCalls(({ target, body }) => calls.push({ target, body: body() }));
  await doing();
  watch.stop();
  return calls
    .filter(({ target, body }) => !/ReceiveMessage|DeleteMessage/.test(target) && !body.includes("usage#"))
    .map(({ target, body }) => `${target} ${/"TableName":"([^"]+)"/.exec(body)?.[1]}`)
    .sort();
}

async function setUp(account: string, mark: string): Promise<void> {
  for (const n of [1, 2]) {
    const url = ["/up", "/down"].map((path) => `${receiver.url(path)}?${mark}`);
    const body = { hook_id: `${mark}-${n}`, scope: "user_activity", url, campaigns: [] };
    expect((await call(account, "POST", { target: "/webhooks", body })).status).toBe(201);
  }
  await call(account, "POST", { target: "/events", body: eventJson({ id: mark }) });
  await until(async () => (await firstPage(account, "/undelivered")).items.length === 2);
  await until(async () => (await firstPage(account, "/deliveries?status=delivered")).items.length === 2);
}

beforeAll(async () => {
  // The log of the run, which is in this process.
  vi.spyOn(log, "info").mockReturnValue();
  receiver = await startReceiver(({ path }) => ({ status: path.startsWith("/down") ? 500 : 200 }));
  const settings = { PORT: "0", DATA_DIR: ":memory:", RETRY_DELAYS_SECONDS: "1" };
  local = await startLocalRun(localSettings(settings));
  const table = createApiKeyTable(dynamoDb(), readConfig("API_KEYS_TABLE").API_KEYS_TABLE);
  for (const account of ["owner", "nosy", "neighbour"]) {
    const { key, record } = newApiKey({ account, roles, now: new Date() });
    await table.put(record);
    keys[account] = key;
  }
  await setUp("owner", "theirs");
  await setUp("neighbour", "ours");
  const pages = await Promise.all(
    (["webhooks", "deliveries", "undelivered"] as const).map(
      async (name) => [name, await firstPage("owner", `/${name}?limit=1`)] as const,
    ),
  );
  const page = Object.fromEntries(pages);
  const range = { hook_id: "theirs-1", until: "2020-01-01T00:00:00Z" };
  const job = JSON.parse(
    (await call("owner", "POST", { target: "/undelivered/redeliver", body: range })).text,
  );
  const cursor = (name: string) => z.string().parse(page[name]?.next_cursor);
  theirs = {
    hook_id: "theirs-1",
    delivery: String(page.deliveries?.items[0]?.id),
    undelivered: String(page.undelivered?.items[0]?.id),
    job: job.job_id,
    cursors: {
      webhooks: cursor("webhooks"),
      deliveries: cursor("deliveries"),
      undelivered: cursor("undelivered"),
    },
  };
  await until(async () => (await get("owner", `/jobs/${theirs.job}`)).status === "done");
});
afterAll(async () => {
  await Promise.all([local?.stop(), receiver?.close()]);
});

/** All that an account can see of its own. */
const stateOf = (account: string) =>
  Promise.all(
    [
      "/webhooks",
      "/deliveries",
      "/undelivered",
      `/undelivered/${theirs.undelivered}`,
      `/jobs/${theirs.job}`,
    ].map((target) => get(account, target)),
  );

describe("somebody else's and what never was cannot be told apart", () => {
  const keyed = routes.filter(({ access }) => access !== "open");
  const named = keyed.flatMap(({ method, path }) => {
    const way = Object.entries(ways).find(([name]) => name === `${method} ${path}`)?.[1];
    return (way?.(missing) ?? []).map(
      (_, index) => [`${method} ${path} (${index + 1})`, method, way, index] as const,
    );
  });

  test("every route of the table says how it names things", () => {
    expect(Object.keys(ways).toSorted()).toEqual(
      keyed.map(({ method, path }) => `${method} ${path}`).toSorted(),
    );
    // None that has a parameter gets away with naming nothing.
    const silent = Object.entries(ways).filter(([, way]) => way(missing).length === 0);
    expect(silent.map(([name]) => name)).toEqual(["POST /webhooks", "POST /events", "POST /events/batch"]);
  });

  test.each(named)("%s", async (_, method, way, index) => {
    const before = await stateOf("owner");
    const answers: unknown[] = [];
    const calls: string[][] = [];
    for (const things of [theirs, missing]) {
      const request = way?.(things)[index];
      if (!request) throw new Error("no such way");
      calls.push(await awsCalls(async () => answers.push(await call("nosy", method, request))));
    }
    expect(answers[0]).toEqual(answers[1]);
    expect(calls[0]).toEqual(calls[1]);
    // The authorizer's, at the least: the listening works.
    expect(calls[0]?.join()).toMatch(/DynamoDB_20120810.GetItem [^,]*keys/i);
    expect(await stateOf("owner")).toEqual(before);
  });

  test("a hook_id that another account has is free", async () => {
    const body = { hook_id: "theirs-1", scope: "referral", url: "http://127.0.0.1:1/" };
    const before = await stateOf("owner");
    expect((await call("nosy", "POST", { target: "/webhooks", body })).status).toBe(201);
    expect((await call("nosy", "DELETE", { target: "/webhooks/theirs-1" })).status).toBe(204);
    expect(await stateOf("owner")).toEqual(before);
  });

  test.each(["webhooks", "deliveries", "undelivered"] as const)(
    "another account's cursor of /%s leads to one's own rows only",
    async (name) => {
      const { items } = await firstPage("neighbour", `/${name}?cursor=${theirs.cursors[name]}`);
      expect(JSON.stringify(items)).not.toContain("theirs");
      // Newest first, and the neighbour's are newer; webhooks are in the order of their ids, "ours" before "theirs".
      expect(items).toEqual([]);
      const own = await firstPage("owner", `/${name}?cursor=${theirs.cursors[name]}`);
      expect(own.items.length).toBeGreaterThan(0);
    },
  );

  test.each(["nonsense", "revoked"])(
    "a key that is %s: the same answer, for the same calls",
    async (kind) => {
      const { key, record } = newApiKey({ account: "owner", roles, now: new Date() });
      const table = createApiKeyTable(dynamoDb(), readConfig("API_KEYS_TABLE").API_KEYS_TABLE);
      if (kind === "revoked") await table.put({ ...record, revoked_at: record.created_at });
      keys.unknown = "claimr_unknown";
      keys.other = key;
      const answers: unknown[] = [];
      const calls: string[][] = [];
      for (const account of ["unknown", "other"]) {
        const request = { target: `/webhooks/${theirs.hook_id}` };
        calls.push(await awsCalls(async () => answers.push(await call(account, "GET", request))));
      }
      expect(answers[0]).toMatchObject({ status: 401 });
      expect(answers[1]).toEqual(answers[0]);
      expect(calls[0]).toEqual([expect.stringMatching(/^DynamoDB_20120810.GetItem .*keys/i)]);
      expect(calls[1]).toEqual(calls[0]);
    },
  );
});
