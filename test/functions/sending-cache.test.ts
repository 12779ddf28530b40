import fc from "fast-check";
import { beforeEach, describe, expect, test } from "vitest";
import { createWebhookCache } from "../../functions/deliver/webhook-cache.ts";
import type { Webhook } from "../../shared/domain/webhook.ts";
import { aWebhook } from "../support/factories.ts";

let stored: Webhook | undefined;
let state: string | undefined;
let now: number;
/** What was asked for, in order, since it was last looked at. */
let asked: string[];
let webhookOf: ReturnType<typeof createWebhookCache>;
beforeEach(() => {
  stored = aWebhook();
  state = "one";
  now = 0;
  asked = [];
  webhookOf = createWebhookCache({
    async stateOf() {
      asked.push("state");
      return state;
    },
    async find() {
      asked.push("webhook");
      return stored;
    },
    async findWithState() {
      asked.push("both");
      return { webhook: stored, state };
    },
    now: () => now,
  });
});

/** The URL that a delivery would go to, and what was read for it. */
async function sent(account = "acme", hookId = "hook") {
  const found = await webhookOf(account, hookId);
  return { url: found?.urls[0], read: asked.splice(0) };
}
const [old, changed] = ["https://example.com/hook", "https://example.com/changed"];
const change = (to: string | undefined) => {
  stored = aWebhook({ urls: [changed] });
  state = to;
};
/** Until it is kept. */
async function warmUp() {
  await sent();
  await sent();
}

describe("a webhook", () => {
  test("is read with its state until it is known to be as new as that, then only its state is", async () => {
    expect(await sent()).toEqual({ url: old, read: ["both"] });
    expect(await sent()).toEqual({ url: old, read: ["both"] });
    expect(await sent()).toEqual({ url: old, read: ["state"] });
    expect(await sent()).toEqual({ url: old, read: ["state"] });
  });

  test("of an account whose state is known is read once", async () => {
    await sent("acme", "other");
    expect((await sent()).read).toEqual(["both"]);
    expect((await sent()).read).toEqual(["state"]);
  });

  test("is read anew once its state has changed, and kept at once", async () => {
    await warmUp();
    change("two");
    expect(await sent()).toEqual({ url: changed, read: ["state", "webhook"] });
    expect(await sent()).toEqual({ url: changed, read: ["state"] });
  });

  test("is read together with a state that is known to have changed", async () => {
    await warmUp();
    change("two");
    await sent("acme", "other");
    expect(await sent()).toEqual({ url: changed, read: ["both"] });
    expect(await sent()).toEqual({ url: changed, read: ["state"] });
  });

  test("that changes between two reads of both is not kept as it was", async () => {
    await sent();
    change("two");
    await sent();
    stored = aWebhook();
    state = "three";
    expect(await sent()).toEqual({ url: old, read: ["both"] });
  });

  test("that was deleted is looked for each time, and found when it is registered again", async () => {
    await warmUp();
    stored = undefined;
    state = "two";
    expect((await sent()).url).toBeUndefined();
    stored = aWebhook({ urls: [changed] });
    expect((await sent()).url).toBe(changed);
  });

  test.each([
    [undefined, undefined],
    ["one", undefined],
    [undefined, "one"],
  ])("is read whenever its state is unknown: %s, then %s", async (before, after) => {
    state = before;
    await warmUp();
    change(after);
    expect((await sent()).url).toBe(changed);
    change(undefined);
    stored = aWebhook();
    expect((await sent()).url).toBe(old);
  });

  test("is read anew after half a minute: a crash may have kept a write from its new state", async () => {
    await warmUp();
    change(state);
    now = 29_999;
    expect((await sent()).url).toBe(old);
    now = 30_000;
    expect(await sent()).toEqual({ url: changed, read: ["both"] });
    expect(await sent()).toEqual({ url: changed, read: ["state"] });
  });

  test("is none of another account's or of another id, though the states be the same", async () => {
    await warmUp();
    stored = aWebhook({ account: "globex", urls: [changed] });
    expect((await sent("globex")).url).toBe(changed);
    stored = aWebhook({ hook_id: "other", urls: [changed] });
    expect((await sent("acme", "other")).url).toBe(changed);
    expect(await sent()).toEqual({ url: old, read: ["state"] });
  });
});

test("the memory has a bound: webhooks used longest ago make room, the others stay", async () => {
  const wide = "x".repeat(1_000_000);
  const use = (n: number) => {
    stored = aWebhook({ hook_id: `hook-${n}`, urls: [wide] });
    return sent("acme", `hook-${n}`);
  };
  for (const n of [0, 0, 1, 2, 3, 4, 5, 6, 0, 7]) await use(n);
  expect((await use(0)).read).toEqual(["state"]);
  expect((await use(7)).read).toEqual(["state"]);
  expect((await use(1)).read).toEqual(["both"]);
});

describe("whatever the order in which reads and writes take place", () => {
  const hooks = ["a", "b"] as const;
  const hook = fc.constantFrom(...hooks);
  /** What several do side by side, one after the other each. */
  const sideBySide = fc.array(fc.array(hook, { minLength: 1, maxLength: 6 }), { minLength: 1, maxLength: 3 });

  test("nobody who begins after a write was answered gets what was there before it", async () => {
    await fc.assert(
      fc.asyncProperty(fc.scheduler(), sideBySide, sideBySide, async (s, writers, readers) => {
        const step = () => s.schedule(Promise.resolve());
        /** All that a webhook ever was: the last is what is stored. Each third time it is missing. */
        const history = new Map(hooks.map((id) => [id as string, [aWebhook({ hook_id: id })] as unknown[]]));
        const of = (id: string) => history.get(id) ?? [];
        const answered = new Map<string, number>();
        let version = 0;

        async function write(id: string): Promise<void> {
          await step();
          const n = of(id).length;
          of(id).push(n % 3 === 0 ? undefined : aWebhook({ hook_id: id, registration: String(n) }));
          await step();
          version++;
          await step();
          answered.set(id, Math.max(n, answered.get(id) ?? 0));
        }

        async function find(_account: string, id: string): Promise<Webhook | undefined> {
          await step();
          const found = of(id).at(-1);
          await step();
          return found as Webhook | undefined;
        }
        async function stateOf(): Promise<string> {
          await step();
          const found = String(version);
          await step();
          return found;
        }
        const cached = createWebhookCache({
          ...{ find, stateOf, now: () => 0 },
          async findWithState(account, id) {
            const [webhook, found] = await Promise.all([find(account, id), stateOf()]);
            return { webhook, state: found };
          },
        });
        async function read(id: string): Promise<void> {
          await step();
          const since = answered.get(id) ?? 0;
          const found = await cached("acme", id);
          expect(of(id).slice(since)).toContain(found);
        }

        const inTurn = (what: (id: string) => Promise<void>) => async (ids: readonly string[]) => {
          for (const id of ids) await what(id);
        };
        await s.waitFor(Promise.all([...writers.map(inTurn(write)), ...readers.map(inTurn(read))]));
      }),
      { numRuns: 400 },
    );
  });
});
