import { describe, expect, test } from "vitest";
import { acceptEvent, acceptEvents, MAX_EVENT_BYTES } from "../../shared/domain/accept-event.ts";
import { Problem } from "../../shared/domain/problem.ts";
import { eventJson } from "../support/factories.ts";

const newId = () => "made_by_us";

function problemOf(work: () => unknown): Problem {
  try {
    work();
  } catch (error) {
    if (error instanceof Problem) return error;
    throw error;
  }
  throw new Error("was accepted");
}

describe("acceptEvent", () => {
  test("keeps the body byte for byte: integers beyond 2^53, key order, white space, escapes, repeated keys", () => {
    const body = `${eventJson().replace("{", '\n{ "2":1, "1" : 12345678901234567890,"e":"\\u00e9\\/","e":1.0,\t')}\n`;
    expect(acceptEvent(body, newId)).toEqual({
      id: "lisjywHXKAq6yQe2bH6Pd",
      scope: "user_activity",
      campaign: "sue7r1vO",
      body,
    });
  });

  test("an event without id gets one in front, and nothing else is touched", () => {
    const body = eventJson({ id: undefined });
    expect(acceptEvent(body, newId)).toMatchObject({
      id: "made_by_us",
      body: body.replace("{", '{"id":"made_by_us",'),
    });
  });

  test("an unknown event.type, unknown fields and missing optional ones are welcome", () => {
    const body = eventJson({
      wallet: undefined,
      email: undefined,
      extra: [1],
      event: { type: "new", data: {} },
    });
    expect(acceptEvent(body, newId).body).toBe(body);
  });

  test.each<[string, Record<string, unknown>]>([
    ["id", { id: "with.dot" }],
    ["id", { id: "x".repeat(65) }],
    ["id", { id: "" }],
    ["id", { id: null }],
    ["id", { id: 7 }],
    ["scope", { scope: "user_logi" }],
    ["scope", { scope: "authentication" }],
    ["scope", { scope: undefined }],
    ["user", { user: 23945872938472 }],
    ["user", { user: undefined }],
    ["wallet", { wallet: 1 }],
    ["email", { email: {} }],
    ["campaign", { campaign: undefined }],
    ["campaign.id", { campaign: { name: "n" } }],
    ["campaign.name", { campaign: { id: "i" } }],
    ["event", { event: "action_completed" }],
    ["event.type", { event: { data: {} } }],
    ["event.data", { event: { type: "t" } }],
    ["event.data.xp", { event: { type: "t", data: { xp: "10" } } }],
    ["event.data.action", { event: { type: "t", data: { action: [] } } }],
    ["event.data.action.id", { event: { type: "t", data: { action: { id: 1 } } } }],
  ])("names %s when it is wrong: %j", (path, fields) => {
    const problem = problemOf(() => acceptEvent(eventJson(fields), newId));
    expect(problem.kind).toBe("invalid");
    expect(problem.errors.map((error) => error.path)).toContain(path);
  });

  test.each(["", "{", "[", "nope", '{"a":}', "\uFEFF{}"])("%j is malformed", (body) => {
    expect(problemOf(() => acceptEvent(body, newId)).kind).toBe("malformed");
  });

  test("what is malformed is not repeated in the answer", () => {
    expect(problemOf(() => acceptEvent('{"email": "user@example.com', newId)).message).not.toContain("user@");
  });

  test("256 KiB are taken, one byte more is not", () => {
    const room = MAX_EVENT_BYTES - Buffer.byteLength(eventJson({ fill: "" }));
    expect(acceptEvent(eventJson({ fill: "x".repeat(room) }), newId).id).toBe("lisjywHXKAq6yQe2bH6Pd");
    expect(problemOf(() => acceptEvent(eventJson({ fill: "x".repeat(room + 1) }), newId)).kind).toBe(
      "too-large",
    );
    expect(problemOf(() => acceptEvent(eventJson({ fill: "é".repeat(room / 2 + 1) }), newId)).kind).toBe(
      "too-large",
    );
  });
});

describe("acceptEvents", () => {
  const batch = (...events: string[]) => `{ "events" : [ ${events.join(" , ")} ] }`;

  test("each body is the slice of the batch that it stood in", () => {
    const bodies = [
      eventJson({ id: "a", big: 1 }).replace('"big":1', '"big": 12345678901234567890'),
      eventJson({ id: "b" }),
    ];
    expect(acceptEvents(batch(...bodies), newId).map(({ id, body }) => [id, body])).toEqual([
      ["a", bodies[0]],
      ["b", bodies[1]],
    ]);
  });

  test("one bad event refuses all, and every bad field is named with its place", () => {
    const problem = problemOf(() =>
      acceptEvents(batch(eventJson(), eventJson({ user: 1 }), eventJson({ scope: "x" })), newId),
    );
    expect(problem.errors.map(({ path }) => path)).toEqual(["events.1.user", "events.2.scope"]);
  });

  test.each([
    ["events", "{}"],
    ["events", '{"events":{}}'],
    ["events", '{"events":[]}'],
    ["events", batch(...Array(101).fill(eventJson()))],
    ["extra", '{"events":[1],"extra":1}'],
  ])("%s is named for a batch that is none", (path, json) => {
    expect(problemOf(() => acceptEvents(json, newId)).errors.map((error) => error.path)).toContain(path);
  });
});
