import { beforeEach, describe, expect, test } from "vitest";
import { createWebhookCache } from "../../functions/fanout/webhook-cache.ts";
import { createWebhookList } from "../../functions/fanout/webhook-list.ts";
import { type Webhook, wants } from "../../shared/domain/webhook.ts";
import { aWebhook } from "../support/factories.ts";

const event = { id: "e", scope: "user_activity" as const, campaign: "sue7r1vO", body: "{}" };

let stored: Webhook[];
let unreadable: Error[];
let version: string | undefined;
/** Which accounts' webhooks were read, in order. */
let reads: string[];
let now: number;
let logged: unknown[];
let versionOf: () => Promise<string | undefined>;
/** What a read waits for before it sees what is stored. */
let gate: Promise<unknown>;
let webhooksOf: ReturnType<typeof createWebhookCache>;
beforeEach(() => {
  stored = [aWebhook()];
  unreadable = [];
  version = "one";
  reads = [];
  now = 0;
  logged = [];
  versionOf = async () => version;
  gate = Promise.resolve();
  webhooksOf = createWebhookCache({
    versionOf: () => versionOf(),
    async all(account, onUnreadable) {
      reads.push(account);
      await gate;
      for (const error of unreadable) onUnreadable(error);
      return stored;
    },
    now: () => now,
    log: { error: (...line) => void logged.push(line) },
  });
});

const hooks = async (account = "acme") =>
  (await webhooksOf(account)).wanting(event).map(({ hook_id }) => hook_id);

describe("an account's webhooks", () => {
  test("are read once while their version stays the same", async () => {
    version = "one";
    expect([await hooks(), await hooks(), await hooks()]).toEqual([["hook"], ["hook"], ["hook"]]);
    expect(reads).toHaveLength(1);
  });

  test.each([
    [undefined, undefined],
    ["one", "two"],
    [undefined, "one"],
    ["one", undefined],
  ])("are read anew when their version goes from %s to %s", async (before, after) => {
    version = before;
    await hooks();
    stored = [aWebhook({ hook_id: "new" })];
    version = after;
    expect(await hooks()).toEqual(["new"]);
  });

  test("are read anew after half a minute: a crash may have kept a change from its new version", async () => {
    await hooks();
    stored = [];
    now = 29_999;
    expect(await hooks()).toEqual(["hook"]);
    now = 30_000;
    expect(await hooks()).toEqual([]);
  });

  test("of one account are none of another's, though the versions be the same", async () => {
    expect(await hooks("acme")).toEqual(["hook"]);
    stored = [aWebhook({ hook_id: "theirs" })];
    expect(await hooks("globex")).toEqual(["theirs"]);
    expect(await hooks("acme")).toEqual(["hook"]);
  });

  test("that two publications need at once are read once, but not for one that knows of a later version", async () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    gate = promise;
    const early = [hooks(), hooks()];
    await Promise.resolve();
    gate = Promise.resolve();
    version = "two";
    expect(await hooks()).toEqual(["hook"]);
    expect(reads).toHaveLength(2);
    resolve();
    await Promise.all(early);
    await hooks();
    expect(reads).toHaveLength(2);
  });

  test("are read from the table when the version cannot be read, whatever is known; and it is logged", async () => {
    await hooks();
    stored = [aWebhook({ hook_id: "new" })];
    versionOf = () => Promise.reject(new Error("throttled"));
    expect(await hooks()).toEqual(["new"]);
    expect(logged).toEqual([["webhooks.version_unread", new Error("throttled"), { account: "acme" }]]);
  });

  test("that cannot be read at all fail who asks, and are asked for again by the next", async () => {
    gate = Promise.reject(new Error("throttled"));
    await expect(hooks()).rejects.toThrow("throttled");
    gate = Promise.resolve();
    expect(await hooks()).toEqual(["hook"]);
  });

  test("of which one cannot be read are told to all who ask, and once it is mended it counts at once", async () => {
    unreadable = [new Error("acme, broken")];
    const lists = await Promise.all([webhooksOf("acme"), webhooksOf("acme")]);
    lists.push(await webhooksOf("acme"));
    for (const list of lists) expect(list.unreadable).toEqual(unreadable);
    unreadable = [];
    stored.push(aWebhook({ hook_id: "broken" }));
    expect(await hooks()).toEqual(["hook", "broken"]);
  });
});

describe("the memory", () => {
  const wide = { urls: ["https://example.com/".padEnd(2_000, "x")] };
  const many = Array.from({ length: 5_000 }, (_, n) => aWebhook({ hook_id: `hook-${n}`, ...wide }));

  test("has a bound: the accounts read longest ago make room, the others stay", async () => {
    stored = many;
    for (const account of ["a", "b", "c", "d"]) await webhooksOf(account);
    await webhooksOf("d");
    await webhooksOf("c");
    expect(reads).toEqual(["a", "b", "c", "d"]);
    await webhooksOf("a");
    expect(reads).toHaveLength(5);
  });

  test("holds no account that is larger than the bound, but serves it", async () => {
    stored = [many, many, many].flat();
    expect((await webhooksOf("a")).wanting(event)).toHaveLength(15_000);
    await webhooksOf("a");
    expect(reads).toHaveLength(2);
  });
});

describe("a list", () => {
  const all = [
    aWebhook({ hook_id: "all" }),
    aWebhook({ hook_id: "this", campaigns: ["sue7r1vO"] }),
    aWebhook({ hook_id: "twice", campaigns: ["sue7r1vO", "sue7r1vO"] }),
    aWebhook({ hook_id: "among", campaigns: ["other", "sue7r1vO"] }),
    aWebhook({ hook_id: "others", campaigns: ["other"] }),
    aWebhook({ hook_id: "another scope", scope: "referral" }),
    aWebhook({ hook_id: "another scope, this", scope: "referral", campaigns: ["sue7r1vO"] }),
    aWebhook({ hook_id: "disabled", status: "disabled" }),
  ];

  test.each(["sue7r1vO", "other", "unheard of", ""])(
    "has each webhook that wants an event of campaign %s once, and no other",
    (campaign) => {
      const one = { ...event, campaign };
      const wanting = createWebhookList(all, []).wanting(one);
      const expected = all.filter((webhook) => wants(webhook, one)).map(({ hook_id }) => hook_id);
      expect(wanting.map(({ hook_id }) => hook_id).sort()).toEqual(expected.sort());
    },
  );

  test("that is kept holds no secret", () => {
    expect(JSON.stringify(createWebhookList(all, []).wanting(event))).not.toContain("whsec_");
  });
});
