import { describe, expect, test } from "vitest";
import { createPublish } from "../../functions/events/publish.ts";
import type { Measure } from "../../shared/domain/metric.ts";
import type { Publication } from "../../shared/domain/publication.ts";
import type { ApiRequest } from "../../shared/http/api.ts";
import { AT, eventJson } from "../support/factories.ts";

function neverParsed(): never {
  throw new Error("the text is what counts");
}

function aPublisher(maxMessageBytes = 1_000_000, retryAfter?: number) {
  const queued: Publication[] = [];
  const logged: Record<string, unknown>[] = [];
  const measured: Parameters<Measure>[] = [];
  let inFlight = 0;
  let room = Number.POSITIVE_INFINITY;
  const publish = createPublish({
    now: () => new Date(AT),
    newId: () => "made",
    limit: {
      async admit(_account, events) {
        if (retryAfter === undefined) inFlight += events;
        return retryAfter;
      },
      async release(_account, events) {
        inFlight -= events;
      },
    },
    async enqueue(publication) {
      if (queued.length >= room) throw new Error("SQS is down");
      queued.push(publication);
    },
    maxMessageBytes,
    log: { info: (event, fields) => void logged.push({ event, ...fields }) },
    measure: (...one) => void measured.push(one),
  });
  const request = (text: string): ApiRequest => ({
    account: "acme",
    path: {},
    query: {},
    headers: {},
    text: () => text,
    json: neverParsed,
    jsonOrNothing: neverParsed,
  });
  return {
    queued,
    logged,
    measured,
    inFlight: () => inFlight,
    /** From then on the queue takes no more. */
    failAfter: (messages: number) => {
      room = messages;
    },
    one: (text: string) => publish.one(request(text)),
    batch: (text: string) => publish.batch(request(text)),
  };
}

describe("publishing", () => {
  test("too many events in flight: 429 with when to try again, and nothing is queued", async () => {
    const { queued, one, batch } = aPublisher(1_000_000, 5);
    const refused = { kind: "too-many", retryAfterSeconds: 5 };
    await expect(one(eventJson())).rejects.toMatchObject(refused);
    await expect(batch(`{"events":[${eventJson()}]}`)).rejects.toMatchObject(refused);
    expect(queued).toEqual([]);
  });

  test("an SQS outage does not leave the account with events in flight that never were queued", async () => {
    const { one, batch, inFlight, failAfter } = aPublisher(2_300);
    failAfter(1);
    const events = Array.from({ length: 5 }, (_, n) => eventJson({ id: `e${n}` }));
    await expect(batch(`{"events":[${events.join()}]}`)).rejects.toThrow("SQS is down");
    expect(inFlight()).toBe(2);
    await expect(one(eventJson())).rejects.toThrow("SQS is down");
    expect(inFlight()).toBe(2);
  });

  test("what is accepted is logged by id and measured by scope; what could not be queued is not", async () => {
    const { one, batch, logged, measured, failAfter } = aPublisher();
    await batch(`{"events":[${eventJson({ id: "a" })},${eventJson({ id: "b", scope: "referral" })}]}`);
    expect(logged).toEqual([{ event: "event.accepted", account: "acme", event_ids: ["a", "b"] }]);
    const both = [
      ["EventsAccepted", "user_activity"],
      ["EventsAccepted", "referral"],
    ];
    expect(measured).toEqual(both);
    failAfter(1);
    await expect(one(eventJson())).rejects.toThrow("SQS is down");
    expect(measured).toEqual(both);
  });

  test("a batch is one message, so that all of it is accepted or none", async () => {
    const { queued, batch } = aPublisher();
    const answer = await batch(`{"events":[${eventJson({ id: "a" })},${eventJson({ id: undefined })}]}`);
    expect(answer).toEqual({ status: 202, body: { ids: ["a", "made"] } });
    expect(queued.map(({ account, events }) => [account, events.map(({ id }) => id)])).toEqual([
      ["acme", ["a", "made"]],
    ]);
  });

  test("a batch that is too large for one message takes as few as it needs, in order", async () => {
    const { queued, batch } = aPublisher(2_300);
    const events = Array.from({ length: 5 }, (_, n) => eventJson({ id: `e${n}` }));
    await batch(`{"events":[${events.join()}]}`);
    expect(queued.map(({ events: part }) => part.length)).toEqual([2, 2, 1]);
    expect(queued.flatMap(({ events: part }) => part.map(({ id }) => id))).toEqual([
      "e0",
      "e1",
      "e2",
      "e3",
      "e4",
    ]);
  });

  test("a refused event queues nothing", async () => {
    const { queued, one, batch } = aPublisher();
    await expect(one(eventJson({ scope: "x" }))).rejects.toThrow();
    await expect(batch(`{"events":[${eventJson()},{}]}`)).rejects.toThrow();
    expect(queued).toEqual([]);
  });
});
