import { describe, expect, test } from "vitest";
import { createFanOut } from "../../functions/fanout/fanout.ts";
import { createWebhookList } from "../../functions/fanout/webhook-list.ts";
import { type DeliveryMessage, deliveryId } from "../../shared/domain/delivery.ts";
import { deliveryIds, type LedgerEntry } from "../../shared/domain/ledger.ts";
import type { Measure } from "../../shared/domain/metric.ts";
import type { Publication } from "../../shared/domain/publication.ts";
import { readPublication } from "../../shared/domain/publication.ts";
import type { Webhook } from "../../shared/domain/webhook.ts";
import { AT, aWebhook, eventJson } from "../support/factories.ts";

const published = (...ids: string[]): Publication => ({
  account: "acme",
  accepted_at: AT,
  events: ids.map((id) => ({ id, scope: "user_activity", campaign: "sue7r1vO", body: eventJson({ id }) })),
  is_counted: true,
});

async function fanOut(
  webhooks: Webhook[],
  publication: Publication,
  refuse: (m: DeliveryMessage) => boolean = () => false,
  unreadable: Error[] = [],
) {
  const queued: DeliveryMessage[] = [];
  const asked: string[] = [];
  const ledger: LedgerEntry[] = [];
  const parts: Publication[] = [];
  const logged: Record<string, unknown>[] = [];
  const measured: Parameters<Measure>[] = [];
  let landed = 0;
  const run = createFanOut({
    now: () => new Date(AT),
    async webhooksOf(account) {
      asked.push(account);
      return createWebhookList(webhooks, unreadable);
    },
    enqueue: async (message) => {
      if (refuse(message)) throw new Error("SQS did not take a message");
      queued.push(message);
    },
    publish: async (part) => parts.push(part),
    landed: async (_account, events) => {
      landed += events;
    },
    keepLedger: async (entry) => ledger.push(entry),
    log: { info: (event, fields) => void logged.push({ event, ...fields }) },
    measure: (...one) => void measured.push(one),
  });
  const error = await run(publication).catch((thrown: unknown) => thrown);
  return { queued, asked, ledger, landed, parts, error, logged, measured };
}

describe("fan-out", () => {
  test("one message for each event and endpoint, with the body as published and the endpoint as its group", async () => {
    const webhooks = [
      aWebhook({ urls: ["https://a.example/", "https://b.example/"] }),
      aWebhook({ hook_id: "two" }),
    ];
    const { queued, asked } = await fanOut(webhooks, published("e1", "e2"));
    expect(asked).toEqual(["acme"]);
    expect(queued.map(({ event_id, hook_id: hook, url }) => `${event_id} ${hook} ${url}`)).toEqual([
      "e1 hook https://a.example/",
      "e1 hook https://b.example/",
      "e1 two https://example.com/hook",
      "e2 hook https://a.example/",
      "e2 hook https://b.example/",
      "e2 two https://example.com/hook",
    ]);
    for (const message of queued) {
      const body = eventJson({ id: message.event_id });
      expect(message).toMatchObject({ body, attempt: 1, due_at: AT, lane: "fast" });
    }
  });

  test.each<[string, Partial<Webhook>, number]>([
    ["another scope", { scope: "referral" }, 0],
    ["other campaigns", { campaigns: ["other"] }, 0],
    ["this campaign among others", { campaigns: ["other", "sue7r1vO"] }, 1],
    ["all campaigns", { campaigns: [] }, 1],
    ["this, but disabled: its events are kept as undelivered, not forgotten", { status: "disabled" }, 1],
  ])("a webhook for %s", async (_, fields, messages) => {
    expect((await fanOut([aWebhook(fields)], published("e"))).queued).toHaveLength(messages);
  });

  test("the ledger gets each delivery that was queued, and the events that nobody wanted", async () => {
    const publication = published("e1", "e2", "e3");
    publication.events.push({ id: "e4", scope: "referral", campaign: "c", body: eventJson({ id: "e4" }) });
    const { queued, ledger } = await fanOut([aWebhook(), aWebhook({ hook_id: "two" })], publication);
    expect(ledger.flatMap(deliveryIds).sort()).toEqual(queued.map(deliveryId).sort());
    expect(ledger).toMatchObject([{ account: "acme", accepted_at: AT }]);
    expect(ledger[0]?.groups.map(({ scope, event_ids }) => [scope, event_ids.join()])).toEqual([
      ["user_activity", "e1,e2,e3"],
      ["referral", "e4"],
    ]);
  });

  test("one line tells how wide a publication went, and its width is measured; one off the bus is accepted here", async () => {
    const webhooks = [aWebhook({ urls: ["https://a.example/", "https://b.example/"] })];
    const { logged, measured } = await fanOut(webhooks, published("e1", "e2"));
    const line = { event: "event.fanned_out", account: "acme" };
    expect(logged).toEqual([{ ...line, accepted_at: AT, events: 2, deliveries: 4 }]);
    expect(measured).toEqual([["FanOutWidth", "user_activity", 2]]);

    const offTheBus = { ...published("e1"), is_counted: false };
    const told = (await fanOut(webhooks, offTheBus)).logged;
    expect(told).toEqual([{ ...line, event_ids: ["e1"], deliveries: 2 }]);
    expect((await fanOut(webhooks, offTheBus)).measured).toContainEqual(["EventsAccepted", "user_activity"]);
    const secondPart = { ...offTheBus, part: { after: "a" } };
    expect((await fanOut(webhooks, secondPart)).measured).toEqual([["FanOutWidth", "user_activity", 2]]);
  });

  test("an event that nobody wants, of which no attempt will tell, is named in the line", async () => {
    const { events, ...rest } = published("e1", "e2", "e3");
    const mixed = events.map((event) =>
      event.id === "e2" ? { ...event, scope: "referral" as const } : event,
    );
    const { logged } = await fanOut([aWebhook()], { ...rest, events: mixed });
    expect(logged).toMatchObject([{ events: 3, deliveries: 2, unwanted_ids: ["e2"] }]);
  });

  test("what could not be queued is neither logged nor measured as fanned out", async () => {
    const { logged, measured } = await fanOut([aWebhook()], published("e1"), () => true);
    expect([...logged, ...measured]).toEqual([]);
  });

  test("an endpoint that was slow to answer a moment ago gets its events by the slow lane, alone", async () => {
    const urls = ["https://slow.example/", "https://fast.example/"];
    const lanes = async (until: string) =>
      (
        await fanOut(
          [aWebhook({ urls, slow_urls: [{ url: "https://slow.example/", until }] })],
          published("e"),
        )
      ).queued.map(({ lane }) => lane);
    expect(await lanes("2026-11-23T12:00:01.000Z")).toEqual(["slow", "fast"]);
    expect(await lanes("2026-11-23T11:59:59.000Z")).toEqual(["fast", "fast"]);
  });

  test("what was counted as in flight when it was published no longer is; what came from the bus never was", async () => {
    expect((await fanOut([], published("e1", "e2"))).landed).toBe(2);
    expect((await fanOut([], { ...published("e1"), is_counted: false })).landed).toBe(0);
    const refused = await fanOut([aWebhook()], published("e1"), () => true);
    expect(refused.landed).toBe(0);
  });

  test("a message that cannot be queued fails the publication, which is then fanned out again; the others are queued", async () => {
    const webhooks = [aWebhook({ urls: ["https://a.example/", "https://b.example/", "https://c.example/"] })];
    const { queued, ledger, error } = await fanOut(
      webhooks,
      published("e"),
      ({ url }) => url === "https://b.example/",
    );
    expect(queued).toHaveLength(2);
    expect(ledger).toEqual([]);
    expect(String(error)).toContain("1 of 3 deliveries could not be queued");
  });

  test("a webhook that cannot be read fails the publication, once all others are served", async () => {
    const broken = [new Error("A stored item cannot be read: acme,broken")];
    const { queued, landed, error } = await fanOut([aWebhook()], published("e"), () => false, broken);
    expect([queued.length, landed]).toEqual([1, 0]);
    expect(error).toMatchObject({ errors: broken });
  });
});

describe("a publication that is too wide for one fan-out", () => {
  const hooks = (count: number, urlsEach = 10) =>
    Array.from({ length: count }, (_, n) =>
      aWebhook({
        hook_id: `hook-${String(n).padStart(4, "0")}`,
        urls: Array.from({ length: urlsEach }, (_url, m) => `https://example.com/${n}/${m}`),
      }),
    );

  /** Fans out a publication and all parts it was split into. */
  async function fanOutAll(webhooks: Webhook[], publication: Publication) {
    const total = { queued: [] as string[], ledger: [] as string[], landed: 0, largest: 0, parts: 0 };
    const open = [publication];
    for (let next = open.pop(); next; next = open.pop()) {
      const { queued, ledger, landed, parts, error } = await fanOut(webhooks, next);
      expect(error).toBeUndefined();
      open.push(...parts);
      total.queued.push(...queued.map(deliveryId));
      total.ledger.push(...ledger.flatMap(deliveryIds));
      total.landed += landed;
      total.largest = Math.max(total.largest, queued.length);
      total.parts += 1;
    }
    return total;
  }

  test.each([
    ["100 events to 1,000 endpoints", hooks(100), 100],
    ["2 events to 12,000 endpoints", hooks(1_200), 2],
    ["100 events to 60 endpoints", hooks(6), 100],
    ["one event to 5,005 endpoints", hooks(715, 7), 1],
    ["one event to 10,000 webhooks", hooks(10_000, 1), 1],
  ])(
    "%s: goes out in parts, each delivery once and accounted for, each event landed once",
    async (_, webhooks, events) => {
      const publication = published(...Array.from({ length: events }, (_event, n) => `event-${n}`));
      const expected = events * webhooks.reduce((sum, { urls }) => sum + urls.length, 0);
      const { queued, ledger, landed, largest, parts } = await fanOutAll(webhooks, publication);
      expect(queued).toHaveLength(expected);
      expect(new Set(queued).size).toBe(expected);
      expect(new Set(ledger)).toEqual(new Set(queued));
      expect(landed).toBe(events);
      expect(largest).toBeLessThanOrEqual(5_000);
      // The parts, and those that were split again: no smaller than they have to be.
      expect(parts).toBeLessThanOrEqual(2 * Math.ceil(expected / 2_500) + 1);
    },
  );

  test("a webhook registered between the parts gets the event once, wherever its id falls", async () => {
    const registered = hooks(1_200);
    const { parts } = await fanOut(registered, published("e"));
    const ids = ["a-first", "hook-0499x", "hook-0700x", "z-last"];
    const late = [...registered, ...ids.map((hook_id) => aWebhook({ hook_id }))];
    const queued = [];
    for (const part of parts) queued.push(...(await fanOutAll(late, part)).queued);
    expect(queued).toHaveLength(12_000 + ids.length);
    expect(new Set(queued).size).toBe(queued.length);
  });
});

describe("a message of the events queue", () => {
  const now = new Date("2026-11-23T13:00:00Z");
  const fromBus = (detail: string) =>
    `{"version":"0","id":"7bf73129-1428-4cd3-a780-95db273d1602","detail-type":"x","source":"y","time":"2026-11-23T12:00:00Z","detail":${detail}}`;

  test("from the bus: the event is the slice that stood in it", () => {
    const event = eventJson({ id: "e" }).replace('"rank":42', '"rank": 4.20');
    expect(readPublication(fromBus(`{"event": ${event} ,"account":"acme"}`), now)).toMatchObject({
      account: "acme",
      accepted_at: AT,
      events: [{ id: "e", body: event }],
    });
  });

  test("from the bus: the bus's id need not be a UUID that RFC 9562 knows, as EventBridge's are not", () => {
    const json = fromBus(`{"account":"acme","event":${eventJson({ id: undefined })}}`);
    const odd = "17793124-05d4-b198-2fde-7ededc63b103";
    const message = json.replace("7bf73129-1428-4cd3-a780-95db273d1602", odd);
    expect(readPublication(message, now).events[0]?.id).toBe(odd);
  });

  test("from the bus: a time that lies ahead does not hold the delivery back", () => {
    const message = fromBus(`{"account":"acme","event":${eventJson()}}`).replace(
      "2026-11-23T12",
      "2099-11-23T12",
    );
    expect(readPublication(message, now).accepted_at).toBe(now.toISOString());
  });

  test("from REST: as it was queued", () => {
    expect(readPublication(JSON.stringify(published("e")), now)).toEqual(published("e"));
  });

  test.each([
    ["{", "not JSON"],
    ["{}", "neither of the two"],
    [fromBus("{}"), "a bus event without an account"],
    [fromBus(`{"account":"Not One","event":${eventJson()}}`), "a bus event with a bad account"],
    [fromBus(`{"account":"acme","event":${eventJson({ scope: "x" })}}`), "a bus event that is not valid"],
  ])("%s throws (%s), so that it ends in the dead-letter queue", (json) => {
    expect(() => readPublication(json, now)).toThrow();
  });
});
