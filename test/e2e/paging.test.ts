import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import * as z from "zod";
import { eventJson } from "../support/factories.ts";
import { type LocalRun, startLocalRun, until } from "../support/local-run.ts";
import { type Receiver, startReceiver } from "../support/receiver.ts";

const RUNS = 6;
const EVENTS = 9;
const hooks = ["one", "two"];
const page = z.object({
  items: z.array(z.looseObject({ hook_id: z.string(), id: z.string().optional() })),
  next_cursor: z.string().nullable(),
});

let local: LocalRun;
let receiver: Receiver;

async function get(path: string, query: Record<string, string>) {
  return local.call("GET", `${path}?${new URLSearchParams(query)}`);
}
async function pageOf(path: string, query: Record<string, string>) {
  const { items, next_cursor } = page.parse((await get(path, query)).body);
  return { ids: items.map(({ id, hook_id }) => id ?? hook_id), next_cursor };
}

beforeAll(async () => {
  receiver = await startReceiver(({ path }) => ({ status: path === "/down" ? 500 : 200 }));
  local = await startLocalRun({ RETRY_DELAYS_SECONDS: "1" });
  const url = [receiver.url("/up"), receiver.url("/down")];
  for (const hook_id of hooks) await local.call("POST", "/webhooks", { hook_id, scope: "referral", url });
  // Registered for nothing that comes.
  for (const n of Array(9).keys())
    await local.call("POST", "/webhooks", { hook_id: `idle-${n}`, scope: "user_login", url });
  const events = Array.from({ length: EVENTS }, (_, n) => eventJson({ id: `page-${n}`, scope: "referral" }));
  await local.call("POST", "/events/batch", `{"events":[${events.join()}]}`);
  await until(
    async () => (await pageOf("/undelivered", { limit: "100" })).ids.length === hooks.length * EVENTS,
  );
});
afterAll(async () => {
  await Promise.all([local?.stop(), receiver?.close()]);
});

const lists: [path: string, query: Record<string, string>, expected: number][] = [
  ["/webhooks", {}, 11],
  ["/deliveries", {}, 4 * EVENTS],
  ["/deliveries", { hook_id: "one" }, 2 * EVENTS],
  ["/deliveries", { hook_id: "two", status: "undelivered" }, EVENTS],
  ["/deliveries", { hook_id: "two", status: "pending" }, 0],
  ["/undelivered", {}, 2 * EVENTS],
  ["/undelivered", { hook_id: "one", since: "2020-01-01T00:00:00Z", until: "2100-01-01T00:00:00Z" }, EVENTS],
];

describe.each(lists)("%s %j", (path, query, expected) => {
  test("has neither a gap nor a double, however long its pages are", async () => {
    const { ids: all, next_cursor } = await pageOf(path, { ...query, limit: "100" });
    expect([all.length, new Set(all).size, next_cursor]).toEqual([expected, expected, null]);
    const limits = fc.infiniteStream(fc.integer({ min: 1, max: 12 }));
    await fc.assert(
      fc.asyncProperty(limits, async (lengths) => {
        const seen: string[] = [];
        let cursor: string | null = "";
        while (cursor !== null) {
          const limit = lengths.next().value;
          const some = await pageOf(path, { ...query, limit: String(limit), ...(cursor && { cursor }) });
          expect(some.ids.length).toBeLessThanOrEqual(limit);
          seen.push(...some.ids);
          cursor = some.next_cursor;
        }
        expect(seen).toEqual(all);
      }),
      { numRuns: RUNS },
    );
  });
});

describe.each(["/webhooks", "/deliveries?hook_id=one", "/undelivered"])("a cursor of %s", (target) => {
  const [path = "", only = ""] = target.split("?");
  const query = Object.fromEntries(new URLSearchParams(only));

  test("that is written otherwise than the list writes it is refused", async () => {
    const { next_cursor } = await pageOf(path, { ...query, limit: "2" });
    const given = z.string().parse(next_cursor);
    const standard = Buffer.from(given, "base64url").toString("base64");
    const spaced = Buffer.from(`${Buffer.from(given, "base64url")} `).toString("base64url");
    const others = [`${given}=`, `${given}==`, ` ${given}`, `${given}\n`, `${given}!`, `.${given}`, spaced];
    if (standard !== given) others.push(standard);
    for (const cursor of [...others, given.slice(1), given.slice(0, -2), given.toLowerCase()]) {
      const { status, body } = await get(path, { ...query, cursor });
      expect([cursor, status, body.errors?.[0]?.path]).toEqual([cursor, 422, "cursor"]);
    }
  });

  test("that names a place where no row can be is refused", async () => {
    const places = [
      "",
      "~",
      "0",
      "2026",
      "2026-11-23T12:00:00.000Z",
      "2026-11-23T12:00:00.000Z#\ud800",
      "x".repeat(65),
    ];
    for (const sk of places) {
      for (const position of [sk, { sk, taken: 1 }, { sk: "2026-11-23T12:00:00.000Z#AAAAAAAA", taken: -1 }]) {
        // A webhook's id is a place in the list of webhooks.
        if (path === "/webhooks" && /^[\w-]+$/.test(sk) && sk.length < 65) continue;
        const cursor = Buffer.from(JSON.stringify(position)).toString("base64url");
        expect([sk, (await get(path, { ...query, cursor })).status]).toEqual([sk, 422]);
      }
    }
  });
});

test("a cursor of the log that was before /deliveries came from the ledger goes on from its time", async () => {
  const listed = (year: number) => {
    const position = { sk: `${year}-11-23T12:00:00.000Z#AAAAAAAA`, taken: 3 };
    return pageOf("/deliveries", { cursor: Buffer.from(JSON.stringify(position)).toString("base64url") });
  };
  expect(await listed(2099)).toEqual(await pageOf("/deliveries", {}));
  expect(await listed(2020)).toEqual({ ids: [], next_cursor: null });
});
