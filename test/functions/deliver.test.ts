import { beforeEach, describe, expect, test } from "vitest";
import { createDeliver } from "../../functions/deliver/deliver.ts";
import { createSlowWatch } from "../../functions/deliver/slow-watch.ts";
import {
  type Delivery,
  type DeliveryMessage,
  deliveryId,
  type Exchange,
  redeliveryMessage,
} from "../../shared/domain/delivery.ts";
import type { Measure } from "../../shared/domain/metric.ts";
import type { SlowMark, Webhook } from "../../shared/domain/webhook.ts";
import { AT, aDelivery, aMessage, anAttempt, aWebhook } from "../support/factories.ts";

const NOW = Date.parse(AT);
const POST_MS = 40;
const at = (ms: number) => new Date(NOW + ms).toISOString();

const ok: Exchange = { status: 200, error: null, durationMs: POST_MS, response: "ok", retryAfter: undefined };
const failed: Exchange = { ...ok, status: 500, error: "answered 500" };

/** The world around one `deliver`, in memory. */
function aWorld() {
  const world = {
    now: NOW,
    webhook: aWebhook() as Webhook | undefined,
    stored: new Map<string, Delivery>(),
    undelivered: new Map<string, { delivery: Delivery; body: string }>(),
    disabled: [] as string[],
    posts: [] as { url: string; headers: Record<string, string>; body: string }[],
    timers: [] as DeliveryMessage[],
    held: [] as DeliveryMessage[],
    marks: [] as SlowMark[],
    waiting: new Set<{ at: number; run: () => void }>(),
    logged: [] as Record<string, unknown>[],
    measured: [] as Parameters<Measure>[],
    answer: ok,
    /** Runs between the POST and its record, where a crash or a faster copy would be felt. */
    afterPost: () => {},
    failing: { record: false, timer: false, undelivered: false, mark: false },
    get only() {
      return [...world.stored.values()][0];
    },
  };
  const fault = (what: keyof typeof world.failing) => {
    if (world.failing[what]) throw new Error(`${what} is down`);
  };
  const log = {
    info: (event: string, fields: object) => void world.logged.push({ event, ...fields }),
    error: (event: string, _error: unknown, fields: object) => void world.logged.push({ event, ...fields }),
  };
  const deliver = createDeliver({
    policy: [5, 30, 60, 300],
    clock: {
      now: () => world.now,
      sleep: async (ms) => {
        world.now += ms;
      },
    },
    webhooks: {
      find: async () => world.webhook,
      disableEndpoint: async ({ url }) => void world.disabled.push(url),
    },
    deliveries: {
      find: async (id) => world.stored.get(id),
      settle: async (delivered) => {
        fault("record");
        world.stored.set(delivered.id, delivered);
      },
      advance: async (moved, attemptsBefore) => {
        fault("record");
        const before = world.stored.get(moved.id);
        if (
          before?.attempts.length !== attemptsBefore ||
          (before && !["retrying", "pending"].includes(before.status))
        )
          return false;
        world.stored.set(moved.id, moved);
        return true;
      },
    },
    keepUndelivered: async (delivery, body) => {
      fault("undelivered");
      world.undelivered.set(delivery.id, { delivery, body });
    },
    timer: {
      set: async (next) => {
        fault("timer");
        world.timers.push(next);
      },
      hold: async (early) => void world.held.push(early),
    },
    send: async (request) => {
      world.posts.push(request);
      world.now += world.answer.durationMs;
      for (const { at: due, run } of world.waiting) if (due <= world.now) run();
      world.afterPost();
      return world.answer;
    },
    watch: createSlowWatch({
      clock: {
        now: () => world.now,
        // As time goes by in `send`.
        after(ms, run) {
          world.waiting.add({ at: world.now + ms, run });
          const entry = [...world.waiting].at(-1);
          return { callOff: () => void (entry && world.waiting.delete(entry)) };
        },
      },
      mark: async (_of, mark) => {
        fault("mark");
        world.marks.push(mark);
      },
      log,
    }),
    log,
    measure: (...measured) => void world.measured.push(measured),
  });
  return { world, deliver };
}

let { world, deliver } = aWorld();
beforeEach(() => {
  ({ world, deliver } = aWorld());
});

describe("an attempt", () => {
  test("a 2xx answer ends the delivery as delivered, with the attempt recorded", async () => {
    await deliver(aMessage(), false);
    expect(world.only).toMatchObject({
      id: deliveryId(aMessage()),
      status: "delivered",
      next_attempt_at: null,
      attempts: [
        {
          number: 1,
          due_at: AT,
          started_at: AT,
          duration_ms: POST_MS,
          status: 200,
          error: null,
          response: "ok",
        },
      ],
    });
    expect(world.timers).toEqual([]);
    expect(world.undelivered.size).toBe(0);
  });

  test("sends the body as it is, under the event's id, signed with each live secret", async () => {
    world.webhook = aWebhook({
      secrets: [
        { secret: "new" },
        { secret: "old", expires_at: at(1) },
        { secret: "older", expires_at: at(0) },
      ],
    });
    await deliver(aMessage({ body: '{"n":12345678901234567890}' }), false);
    expect(world.posts[0]).toMatchObject({
      url: "https://example.com/hook",
      body: '{"n":12345678901234567890}',
      headers: {
        "webhook-id": "lisjywHXKAq6yQe2bH6Pd",
        "webhook-timestamp": String(NOW / 1000),
        "content-type": "application/json",
      },
    });
    expect(world.posts[0]?.headers["webhook-signature"]?.split(" ")).toHaveLength(2);
  });

  test.each([
    [1, 5],
    [2, 30],
    [3, 60],
    [4, 300],
  ])("after failed attempt %i the next is due %i s after it ended", async (number, seconds) => {
    const attempts = Array.from({ length: number - 1 }, (_, index) => anAttempt({ number: index + 1 }));
    if (number > 1) world.stored.set(deliveryId(aMessage()), aDelivery({ attempts }));
    world.answer = failed;
    await deliver(aMessage({ attempt: number }), false);
    const due = at(POST_MS + seconds * 1000);
    expect(world.only).toMatchObject({ status: "retrying", next_attempt_at: due });
    expect(world.only?.attempts).toHaveLength(number);
    expect(world.timers).toEqual([aMessage({ attempt: number + 1, due_at: due })]);
  });

  test("after the last failed attempt it is undelivered, kept with all attempts and the body, and no timer is set", async () => {
    const attempts = [1, 2, 3, 4].map((number) => anAttempt({ number }));
    world.stored.set(deliveryId(aMessage()), aDelivery({ attempts }));
    world.answer = failed;
    await deliver(aMessage({ attempt: 5 }), false);
    expect(world.only).toMatchObject({
      status: "undelivered",
      reason: "all 5 attempts failed",
      next_attempt_at: null,
    });
    const kept = world.undelivered.get(deliveryId(aMessage()));
    expect(kept?.body).toBe(aMessage().body);
    expect(kept?.delivery.attempts.map(({ number }) => number)).toEqual([1, 2, 3, 4, 5]);
    expect(world.timers).toEqual([]);
  });

  test("410 Gone ends the delivery at once and disables the endpoint", async () => {
    world.answer = { ...failed, status: 410, error: "answered 410" };
    await deliver(aMessage(), false);
    expect(world.only).toMatchObject({ status: "undelivered", reason: "the endpoint answered 410 Gone" });
    expect(world.disabled).toEqual(["https://example.com/hook"]);
    expect(world.undelivered.size).toBe(1);
  });

  test("Retry-After moves the next attempt", async () => {
    world.answer = { ...failed, status: 429, retryAfter: "90" };
    await deliver(aMessage(), false);
    expect(world.timers[0]?.due_at).toBe(at(POST_MS + 90_000));
  });

  test("its log line tells what was decided, of a retry by how much it was late, if a second or more, and neither body, secret nor path", async () => {
    await deliver(aMessage({ url: "https://example.com/hook" }), false);
    await deliver(aMessage({ event_id: "late", attempt: 2, due_at: at(-1_200) }), false);
    await deliver(aMessage({ event_id: "on-time", attempt: 2, due_at: at(-200) }), false);
    const line = { event: "delivery.attempted", hook_id: "hook", decision: "delivered" };
    expect(world.logged).toMatchObject([
      { ...line, attempt: 1 },
      { ...line, attempt: 2, endpoint: "https://example.com", lateness_ms: expect.any(Number) },
      { ...line, attempt: 2 },
    ]);
    expect(world.logged[2]).not.toHaveProperty("lateness_ms");
    for (const absent of ["lateness_ms", "next_in_s", "error", "scope", "endpoint", "http_status"])
      expect(world.logged[0]).not.toHaveProperty(absent);
    expect(JSON.stringify(world.logged)).not.toMatch(/whsec_|23945872938472|\/hook"/);
  });

  test("the line of one that arrives says its status unless that is 200", async () => {
    world.answer = { ...ok, status: 204 };
    await deliver(aMessage(), false);
    expect(world.logged[0]).toMatchObject({ decision: "delivered", http_status: 204 });
  });

  test("the line of a failed attempt says why, once, and in how many seconds the next is due", async () => {
    world.answer = failed;
    await deliver(aMessage(), false);
    const line = { endpoint: "https://example.com", http_status: 500, decision: "retrying", next_in_s: 5 };
    expect(world.logged[0]).toMatchObject(line);
    expect(world.logged[0]).not.toHaveProperty("error");
    world.answer = { ...failed, status: null, error: "connection refused" };
    await deliver(aMessage({ event_id: "another" }), false);
    expect(world.logged[1]).toMatchObject({ error: "connection refused", decision: "retrying" });
    // It broke off after a good status line, which alone would look like a success.
    world.answer = { ...failed, status: 200, error: "malformed HTTP response" };
    await deliver(aMessage({ event_id: "third" }), false);
    expect(world.logged[2]).toMatchObject({ http_status: 200, error: "malformed HTTP response" });
  });
});

describe("what is measured", () => {
  test("of an attempt that arrives: that it did, how long the endpoint took, and how old the event was", async () => {
    await deliver(aMessage({ due_at: at(-200) }), false);
    expect(world.measured).toEqual([
      ["EndpointLatency", "user_activity", POST_MS],
      ["Delivered", "user_activity"],
      ["DeliveryAge", "user_activity", 200 + POST_MS],
    ]);
  });

  test("of a retry: how late it was", async () => {
    world.stored.set(deliveryId(aMessage()), aDelivery({ attempts: [anAttempt()] }));
    world.answer = failed;
    await deliver(aMessage({ attempt: 2, due_at: at(-3_000) }), false);
    expect(world.measured).toContainEqual(["RetryLateness", "user_activity", 3_000]);
    expect(world.measured).toContainEqual(["Retried", "user_activity"]);
  });

  test("of a redelivery: its age from when it was asked for, and no lateness", async () => {
    world.stored.set(deliveryId(aMessage()), aDelivery({ status: "pending", attempts: [anAttempt()] }));
    await deliver(aMessage({ attempt: 2, run_start: 2, due_at: at(-50) }), false);
    expect(world.measured).toContainEqual(["DeliveryAge", "user_activity", 50 + POST_MS]);
    expect(world.measured.map(([metric]) => metric)).not.toContain("RetryLateness");
  });

  test("of one that ends without an attempt: undelivered, or cancelled", async () => {
    world.webhook = aWebhook({ status: "disabled" });
    await deliver(aMessage(), false);
    expect(world.measured).toEqual([["Undelivered", "user_activity"]]);
    ({ world, deliver } = aWorld());
    world.webhook = undefined;
    await deliver(aMessage(), false);
    expect(world.measured).toEqual([["Cancelled", "user_activity"]]);
  });

  test("of a copy that was slower: its attempt, and nothing of what the other decided", async () => {
    world.answer = failed;
    world.afterPost = () =>
      world.stored.set(deliveryId(aMessage()), aDelivery({ status: "delivered", attempts: [anAttempt()] }));
    await deliver(aMessage(), false);
    expect(world.measured.map(([metric]) => metric)).toEqual(["EndpointLatency"]);
    expect(world.logged.at(-1)).toMatchObject({ event: "delivery.attempted", superseded: true });
  });
});

describe("a message that comes early", () => {
  test("by more than half a second is held, and nothing is sent", async () => {
    await deliver(aMessage({ due_at: at(40_000) }), false);
    expect(world.held).toEqual([aMessage({ due_at: at(40_000) })]);
    expect(world.posts).toEqual([]);
  });

  test("by less waits for its time", async () => {
    await deliver(aMessage({ due_at: at(400) }), false);
    expect(world.held).toEqual([]);
    expect(world.only?.attempts[0]?.started_at).toBe(at(400));
  });
});

describe("a copy of a message", () => {
  test.each(["delivered", "undelivered", "cancelled"] as const)(
    "of a delivery that is %s sends nothing",
    async (status) => {
      world.stored.set(deliveryId(aMessage()), aDelivery({ status, next_attempt_at: null }));
      await deliver(aMessage({ attempt: 2 }), false);
      expect(world.posts).toEqual([]);
      expect(world.only?.status).toBe(status);
    },
  );

  test("of an attempt that was made sends nothing and sets no second timer", async () => {
    world.stored.set(deliveryId(aMessage()), aDelivery());
    await deliver(aMessage({ attempt: 1 }), false);
    expect([world.posts, world.timers]).toEqual([[], []]);
  });

  test("that was overtaken by later attempts sets no timer, even handed out again", async () => {
    world.stored.set(
      deliveryId(aMessage()),
      aDelivery({ attempts: [anAttempt(), anAttempt({ number: 2 })] }),
    );
    await deliver(aMessage({ attempt: 1 }), true);
    expect([world.posts, world.timers]).toEqual([[], []]);
  });

  test("that loses the race to record its failure follows nothing up", async () => {
    world.answer = failed;
    world.afterPost = () => world.stored.set(deliveryId(aMessage()), aDelivery({ status: "delivered" }));
    await deliver(aMessage(), false);
    expect(world.only?.status).toBe("delivered");
    expect(world.timers).toEqual([]);
  });
});

describe("after a crash, the message handed out again", () => {
  test("finds the timer missing and sets it, without another POST", async () => {
    world.answer = failed;
    world.failing.timer = true;
    await expect(deliver(aMessage(), false)).rejects.toThrow("timer is down");
    world.failing.timer = false;
    await deliver(aMessage(), true);
    expect(world.posts).toHaveLength(1);
    expect(world.timers).toEqual([aMessage({ attempt: 2, due_at: at(POST_MS + 5_000) })]);
  });

  test("finds the undelivered row missing and keeps it", async () => {
    world.answer = { ...failed, status: 410 };
    world.failing.undelivered = true;
    await expect(deliver(aMessage(), false)).rejects.toThrow("undelivered is down");
    world.failing.undelivered = false;
    await deliver(aMessage(), true);
    expect(world.posts).toHaveLength(1);
    expect(world.undelivered.size).toBe(1);
    expect(world.disabled).toHaveLength(1);
  });

  test("and redriven from the dead-letter queue, where it counts as new, is finished all the same", async () => {
    world.answer = failed;
    world.failing.timer = true;
    await expect(deliver(aMessage(), false)).rejects.toThrow("timer is down");
    world.failing.timer = false;
    // While a timer may still be on its way, a copy of the message sets no second one.
    await deliver(aMessage(), false);
    expect(world.timers).toEqual([]);
    world.now += 600_000;
    await deliver(aMessage(), false);
    expect(world.timers).toHaveLength(1);
    expect(world.posts).toHaveLength(1);
  });

  test("and redriven finds the undelivered row missing and keeps it; another publication of the event does not", async () => {
    world.answer = { ...failed, status: 410 };
    await deliver(aMessage(), false);
    world.undelivered.clear();
    await deliver(aMessage({ due_at: at(-5_000) }), false);
    expect(world.undelivered.size).toBe(0);
    await deliver(aMessage(), false);
    expect(world.undelivered.size).toBe(1);
  });

  test("and redriven keeps a delivery that was given up without the attempt it asked for", async () => {
    world.webhook = aWebhook({ status: "disabled" });
    world.stored.set(deliveryId(aMessage()), aDelivery());
    world.failing.undelivered = true;
    await expect(deliver(aMessage({ attempt: 2, due_at: at(-1) }), false)).rejects.toThrow(
      "undelivered is down",
    );
    world.failing.undelivered = false;
    await deliver(aMessage({ attempt: 2, due_at: at(-1) }), false);
    expect(world.undelivered.size).toBe(1);
  });

  test("and whose record was lost goes on with its retries", async () => {
    world.answer = failed;
    await deliver(aMessage({ attempt: 2, due_at: at(-1) }), false);
    expect(world.timers).toMatchObject([{ attempt: 3 }]);
  });

  test("and whose record was lost is not sent again by a copy, and a redelivery is numbered on", async () => {
    world.answer = failed;
    const message = aMessage({ attempt: 2, due_at: at(-1) });
    await deliver(message, false);
    await deliver(message, false);
    await deliver(message, true);
    expect(world.posts).toHaveLength(1);
    const givenUp = world.only ?? expect.fail();
    expect(redeliveryMessage(givenUp, "first", "{}", new Date())).toMatchObject({ attempt: 3, run_start: 3 });
  });

  test("between the POST and its record makes the attempt again: at least once", async () => {
    world.failing.record = true;
    await expect(deliver(aMessage(), false)).rejects.toThrow("record is down");
    world.failing.record = false;
    await deliver(aMessage(), true);
    expect(world.posts).toHaveLength(2);
    expect(world.only).toMatchObject({ status: "delivered", attempts: [{ number: 1 }] });
  });
});

test("a redelivery that finds its webhook disabled does not disable an endpoint for an answer of long ago", async () => {
  const gone = [anAttempt({ status: 410, error: "answered 410" })];
  world.stored.set(deliveryId(aMessage()), aDelivery({ status: "pending", attempts: gone }));
  world.webhook = aWebhook({ status: "disabled" });
  await deliver(aMessage({ attempt: 2, run_start: 2 }), false);
  expect(world.only?.status).toBe("undelivered");
  expect(world.disabled).toEqual([]);
});

test("a redelivery begins the retry policy anew, and keeps the answers of the latest attempts only", async () => {
  const attempts = Array.from({ length: 30 }, (_, n) => anAttempt({ number: n + 1, response: "no" }));
  world.stored.set(deliveryId(aMessage()), aDelivery({ status: "pending", attempts }));
  world.answer = failed;
  await deliver(aMessage({ attempt: 31, run_start: 31 }), false);
  expect(world.timers).toMatchObject([{ attempt: 32, run_start: 31, due_at: at(POST_MS + 5_000) }]);
  expect(world.only?.attempts.map(({ response }) => response).filter(Boolean)).toHaveLength(20);
});

describe("a webhook that changed while the message was on its way", () => {
  const waiting = aDelivery();
  const retry = aMessage({ attempt: 2 });
  beforeEach(() => void world.stored.set(waiting.id, waiting));

  test.each<[string, Webhook | undefined]>([
    ["deleted", undefined],
    ["deleted and registered anew under the same id", aWebhook({ registration: "second" })],
    ["given other URLs", aWebhook({ urls: ["https://example.com/other"] })],
  ])("%s: no attempt, and the delivery is cancelled", async (_, webhook) => {
    world.webhook = webhook;
    await deliver(retry, false);
    expect(world.posts).toEqual([]);
    expect(world.only).toMatchObject({
      status: "cancelled",
      reason: "the endpoint was removed",
      next_attempt_at: null,
    });
    expect(world.undelivered.size).toBe(0);
  });

  test.each<[string, Partial<Webhook>, string]>([
    ["disabled", { status: "disabled" }, "the webhook is disabled"],
    ["its endpoint gone", { disabled_urls: ["https://example.com/hook"] }, "410 Gone"],
  ])("%s: no attempt, and the event is kept as undelivered with the reason", async (_, fields, reason) => {
    world.webhook = aWebhook(fields);
    await deliver(retry, false);
    expect(world.posts).toEqual([]);
    expect(world.only).toMatchObject({ status: "undelivered", reason: expect.stringContaining(reason) });
    expect(world.undelivered.get(waiting.id)?.body).toBe(retry.body);
  });

  test("an event that finds its webhook disabled from the start is kept too", async () => {
    world.stored.clear();
    world.webhook = aWebhook({ status: "disabled" });
    await deliver(aMessage(), false);
    expect(world.posts).toEqual([]);
    expect(world.only).toMatchObject({ status: "undelivered", attempts: [] });
    expect(world.undelivered.size).toBe(1);
  });
});

describe("an endpoint that is slow to answer", () => {
  const url = "https://example.com/hook";
  const slow: Exchange = { ...failed, status: null, error: "timed out after 10 s", durationMs: 10_000 };

  test("is marked while it is still waited for, and its retry takes the slow lane", async () => {
    world.answer = slow;
    await deliver(aMessage(), false);
    expect(world.marks).toMatchObject([{ slow_urls: [{ url, until: at(70_000) }] }]);
    expect(world.timers).toMatchObject([{ attempt: 2, lane: "slow" }]);
  });

  test("is not marked when it answers within a second, whatever it answers", async () => {
    world.answer = { ...failed, durationMs: 999 };
    await deliver(aMessage(), false);
    expect(world.marks).toEqual([]);
    expect(world.timers).toMatchObject([{ attempt: 2, lane: "fast" }]);
  });

  test("gets what is still on the fast lane by the slow one, at once and without an attempt", async () => {
    world.webhook = aWebhook({ slow_urls: [{ url, until: at(1) }] });
    await deliver(aMessage(), false);
    expect(world.posts).toEqual([]);
    expect(world.held).toEqual([aMessage({ lane: "slow" })]);
    await deliver(aMessage({ lane: "slow" }), false);
    expect(world.posts).toHaveLength(1);
  });

  test("is fast again when its mark has run out, and while it is marked for long is not marked anew", async () => {
    world.webhook = aWebhook({ slow_urls: [{ url, until: at(0) }] });
    await deliver(aMessage(), false);
    expect(world.posts).toHaveLength(1);
    world.answer = slow;
    world.webhook = aWebhook({ slow_urls: [{ url, until: at(50_000) }] });
    await deliver(aMessage({ lane: "slow", event_id: "another" }), false);
    expect(world.marks).toEqual([]);
  });

  test("a mark that cannot be set changes nothing else", async () => {
    world.answer = slow;
    world.failing.mark = true;
    await deliver(aMessage(), false);
    expect(world.only).toMatchObject({ status: "retrying" });
    expect(world.timers).toHaveLength(1);
  });

  test("is marked once by many attempts that were under way together", async () => {
    world.answer = slow;
    for (let n = 0; n < 5; n++) await deliver(aMessage({ event_id: `event-${n}` }), false);
    expect(world.marks).toHaveLength(2);
  });

  test("is marked beside another one of its webhook that was marked a moment ago, and unread since", async () => {
    const other = "https://other.example/";
    world.answer = slow;
    world.webhook = aWebhook({ urls: [url, other] });
    await deliver(aMessage(), false);
    await deliver(aMessage({ url: other, event_id: "another" }), false);
    expect(world.marks[1]?.slow_urls.map((mark) => mark.url)).toEqual([url, other]);
  });

  test("does not keep another endpoint of its webhook slow, nor one that is no longer registered", async () => {
    const urls = [url, "https://example.com/other"];
    const slow_urls = [
      { url: "https://example.com/other", until: at(15_000) },
      { url: "https://example.com/former", until: at(60_000) },
    ];
    world.webhook = aWebhook({ urls, slow_urls });
    world.answer = { ...slow, durationMs: 3_000 };
    await deliver(aMessage(), false);
    expect(world.marks[0]?.slow_urls).toEqual([slow_urls[0], { url, until: at(63_000) }]);
  });
});
