import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { acceptEvent, acceptEvents, MAX_EVENT_BYTES } from "../../shared/domain/accept-event.ts";
import { encodeMessage, MAX_MESSAGE_BYTES } from "../../shared/domain/message-text.ts";
import { Problem } from "../../shared/domain/problem.ts";
import { readPublication } from "../../shared/domain/publication.ts";
import { AT, eventJson } from "../support/factories.ts";

const newId = () => "made_by_us";
/** No answer may take long: one that does holds up everybody whose call the same process answers. */
const AT_ONCE_MS = 1_000;

/** JSON text of the same value, written as nobody writes it: spaces anywhere, any character as an escape. */
function oddly(value: unknown, spaces: fc.Stream<string>, escapes: fc.Stream<boolean>): string {
  const space = () => spaces.next().value;
  const escaped = (char: string) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`;
  function text(string: string): string {
    const chars = Array.from({ length: string.length }, (_, at) => string.charAt(at));
    const written = chars.map((char) =>
      escapes.next().value || !char.isWellFormed() ? escaped(char) : JSON.stringify(char).slice(1, -1),
    );
    return `"${written.join("")}"`;
  }
  function write(node: unknown): string {
    if (typeof node === "string") return text(node);
    if (Array.isArray(node)) return `[${space()}${node.map(write).join(`${space()},${space()}`)}${space()}]`;
    if (typeof node !== "object" || node === null) return JSON.stringify(node);
    const members = Object.entries(node).map(
      ([name, member]) => `${text(name)}${space()}:${space()}${write(member)}`,
    );
    return `{${space()}${members.join(`${space()},${space()}`)}${space()}}`;
  }
  return `${space()}${write(value)}${space()}`;
}

const spaces = fc.infiniteStream(fc.stringMatching(/^[ \t\r\n]{0,3}$/));
const escapes = fc.infiniteStream(fc.boolean());
const anyText = fc.string({ unit: "binary" });
const anyJson = fc.jsonValue({ stringUnit: "binary" });
/** Own members of the event, whatever they are called, beside the ones it needs. */
const anyEvent = fc
  .tuple(
    fc.dictionary(fc.oneof(anyText, fc.constantFrom("__proto__", "constructor", "0")), anyJson),
    fc.boolean(),
  )
  .map(([more, hasId]) => {
    const needed = JSON.parse(eventJson());
    if (!hasId) delete needed.id;
    delete more.id;
    return { ...more, ...needed };
  });

function outcome(work: () => unknown): unknown {
  try {
    return work();
  } catch (error) {
    if (error instanceof Problem) return error.kind;
    throw error;
  }
}

describe("an event, however it is written", () => {
  test("keeps its bytes, and has its own id or the one put in front", () => {
    fc.assert(
      fc.property(anyEvent, spaces, escapes, (event, space, asEscape) => {
        const json = oddly(event, space, asEscape);
        const { id, body } = acceptEvent(json, newId);
        expect(id).toBe(event.id ?? "made_by_us");
        if (event.id !== undefined) {
          expect(body).toBe(json);
          return;
        }
        expect(body.replace('"id":"made_by_us",', "")).toBe(json);
        expect(JSON.parse(body)).toEqual(JSON.parse(JSON.stringify({ id, ...event })));
      }),
    );
  });

  test("is the same in a batch, and after its way through the queue", () => {
    fc.assert(
      fc.property(
        fc.array(anyEvent, { minLength: 1, maxLength: 4 }),
        spaces,
        escapes,
        (events, space, asEscape) => {
          const texts = events.map((event) => oddly(event, space, asEscape).trim());
          const batch = `${space.next().value}{"\\u0065vents"${space.next().value}:[${texts.join(`${space.next().value},`)}]}`;
          const accepted = acceptEvents(batch, newId);
          expect(accepted).toEqual(texts.map((text) => acceptEvent(text, newId)));
          const message = encodeMessage({ account: "acme", accepted_at: AT, events: accepted });
          // biome-ignore lint/suspicious/noControlCharactersInRegex: what SQS takes (SendMessage, API reference)
          expect(message).toMatch(/^[\u0009\u000a\u000d\u0020-\ud7ff\ue000-\ufffd]*$/);
          expect(readPublication(message, new Date(AT)).events).toEqual(accepted);
        },
      ),
    );
  });

  test("is read from a bus's envelope byte for byte too", () => {
    fc.assert(
      fc.property(anyEvent, spaces, escapes, (event, space, asEscape) => {
        const text = oddly(event, space, asEscape).trim();
        const detail = `{"account":"acme",${space.next().value}"event":${text}}`;
        const envelope = `{"id":"envelope","time":"${AT}","detail-type":"x","detail":{},"detail":${detail}}`;
        const [read] = readPublication(envelope, new Date(AT)).events;
        expect(read).toEqual(acceptEvent(text, () => "envelope"));
      }),
    );
  });

  test("any text at all is accepted or refused, and nothing else is thrown", () => {
    const texts = fc.oneof(
      anyText,
      fc.json(),
      fc.json().map((json) => json.slice(1)),
      anyJson.map(encodeMessage),
    );
    fc.assert(
      fc.property(texts, (text) => {
        for (const work of [acceptEvent, acceptEvents])
          expect(["malformed", "invalid", "too-large"]).toContain(outcome(() => work(text, newId)));
      }),
    );
  });

  test("a message that is none is a refusal, a $ZodError or a SyntaxError, never a publication", () => {
    fc.assert(
      fc.property(fc.oneof(anyText, fc.json()), (text) => {
        expect(() => readPublication(text, new Date(AT))).toThrow(
          expect.toSatisfy((error: Error) => ["Problem", "$ZodError", "SyntaxError"].includes(error.name)),
        );
      }),
    );
  });
});

describe("what is made to hurt is answered at once", () => {
  const needed = eventJson().slice(1);
  test.each<[string, string, string]>([
    ["100,000 brackets", "[".repeat(100_000), "malformed"],
    ["100,000 pairs of them", "[".repeat(100_000) + "]".repeat(100_000), "invalid"],
    ["as many in an event", `{"deep":${"[".repeat(100_000)}${"]".repeat(100_000)},${needed}`, "accepted"],
    ["objects in objects", `{"deep":${'{"a":'.repeat(40_000)}1${"}".repeat(40_000)},${needed}`, "accepted"],
    ["one key 20,000 times", `{${'"k":1,'.repeat(20_000)}${needed}`, "accepted"],
    ["20,000 keys", `{${Array.from({ length: 20_000 }, (_, n) => `"${n}":1`).join()},${needed}`, "accepted"],
    ["quotes and backslashes", `{"q":"${'\\"\\\\'.repeat(50_000)}",${needed}`, "accepted"],
    ["white space", `${" \n\t\r".repeat(60_000)}{${needed}`, "accepted"],
    ["a number of 200,000 digits", `{"n":${"9".repeat(200_000)},${needed}`, "accepted"],
    ["a number beyond all", `{"n":1e999999999,${needed}`, "accepted"],
    ["infinite points", needed.replace(/^/, "{").replace('"xp":10', '"xp":1e400'), "invalid"],
    ["a list of nothing", `[${",".repeat(100_000)}`, "malformed"],
  ])("%s", (_, json, expected) => {
    const begunAt = performance.now();
    const got = outcome(() => acceptEvent(json, newId));
    expect(typeof got === "string" ? got : "accepted").toBe(expected);
    // In a batch, every slice is looked for.
    if (expected === "accepted")
      expect(acceptEvents(`{"events":[${json},${eventJson()}]}`, newId)).toHaveLength(2);
    expect(performance.now() - begunAt).toBeLessThan(AT_ONCE_MS);
  });

  test("__proto__ is a field like any other: it lends the event nothing", () => {
    const json = `{"__proto__":{"id":"not.an.id","scope":"x"},${eventJson({ id: undefined }).slice(1)}`;
    expect(acceptEvent(json, newId)).toMatchObject({ id: "made_by_us", scope: "user_activity" });
    expect(outcome(() => acceptEvent('{"__proto__":{"scope":"referral","user":"u"}}', newId))).toBe(
      "invalid",
    );
  });
});

describe("the largest event", () => {
  const room = (json: string) => MAX_EVENT_BYTES - Buffer.byteLength(json);
  // One, two, three and four bytes of UTF-8; each is another number of characters.
  test.each(["x", "é", "€", "😀", "\\u0000", '\\"'])(
    "is counted in bytes, not in characters: of %s",
    (unit) => {
      const start = eventJson({ fill: "" }).slice(0, -2);
      const base = `${start}"}`;
      const fill = unit.repeat(Math.floor(room(base) / Buffer.byteLength(unit)));
      const rest = "x".repeat(room(`${start}${fill}"}`));
      const full = `${start}${fill}${rest}"}`;
      expect(Buffer.byteLength(full)).toBe(MAX_EVENT_BYTES);
      const accepted = acceptEvent(full, newId);
      expect(accepted.body).toBe(full);
      // It still fits into a message of its own, escapes and all.
      const message = encodeMessage({ account: "a".repeat(64), accepted_at: AT, events: [accepted] });
      expect(Buffer.byteLength(message)).toBeLessThan(MAX_MESSAGE_BYTES);
      expect(outcome(() => acceptEvent(`${start}${fill}${rest}x"}`, newId))).toBe("too-large");
    },
  );
});
