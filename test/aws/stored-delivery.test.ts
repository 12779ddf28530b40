import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { deliveryKey } from "../../shared/aws/delivery-table.ts";
import {
  readStored,
  readStoredUndelivered,
  storedAttributes,
  storedForm,
} from "../../shared/aws/stored-delivery.ts";
import { stableTimelineKey } from "../../shared/aws/timeline.ts";
import { type Attempt, type Delivery, delivery, deliveryStatus } from "../../shared/domain/delivery.ts";
import { scopes } from "../../shared/domain/event.ts";
import { AT, aDelivery, anAttempt } from "../support/factories.ts";

/** As they are written, and as they may be: of other years, to the second, to the microsecond. */
const times = fc.oneof(
  fc
    .date({ noInvalidDate: true, min: new Date("0000-01-01T00:00:00.000Z"), max: new Date("9999-12-31") })
    .map((at) => at.toISOString()),
  fc.constantFrom("2026-11-23T12:00:00Z", "2026-11-23T12:00:00.1Z", "2026-11-23T12:00:00.123456Z"),
);
const text = fc.string({ unit: "grapheme" });
const textOrNull = fc.option(text);
const attempts: fc.Arbitrary<Attempt> = fc.record({
  number: fc.integer({ min: 1 }),
  due_at: times,
  started_at: times,
  duration_ms: fc.nat(),
  status: fc.option(fc.constantFrom(100, 200, 299, 300, 500)),
  error: fc.oneof(textOrNull, fc.constantFrom("answered 500", "answered 200", "answered null")),
  response: textOrNull,
});
const deliveries: fc.Arbitrary<Delivery> = fc
  .record({
    id: fc.stringMatching(/^dlv_[A-Za-z0-9_-]{24}$/),
    account: text,
    hook_id: text,
    url: text,
    event_id: fc.stringMatching(/^[A-Za-z0-9_-]{1,64}$/),
    scope: fc.constantFrom(...scopes),
    status: fc.constantFrom(...deliveryStatus.options),
    reason: textOrNull,
    attempts: fc.array(attempts, { maxLength: 6 }),
    next_attempt_at: fc.option(times),
    created_at: times,
    updated_at: times,
    isUnchanged: fc.boolean(),
  })
  .map(({ isUnchanged, ...of }) => (isUnchanged ? { ...of, created_at: of.updated_at } : of));

describe.each([true, false])("whatever a delivery is, stored lean: %s", (isLean) => {
  const form = storedForm(isLean);

  test("it is read as it was", () => {
    fc.assert(
      fc.property(deliveries, (of) => {
        expect(readStored({ ...deliveryKey(of.id), ...form(of) })).toEqual(of);
      }),
      { numRuns: 1_000 },
    );
  });

  test("so is its undelivered row, whose body is no part of what a list reads", () => {
    fc.assert(
      fc.property(deliveries, text, (of, body) => {
        const owner = { account: of.account, hookId: of.hook_id };
        const row: Record<string, unknown> = {
          ...{ ...stableTimelineKey(owner, of.updated_at, of.id), ...form(of) },
          body,
        };
        expect(readStoredUndelivered(row)).toEqual({ ...of, body });
        const listed = Object.fromEntries(storedAttributes.map((name) => [name, row[name]]));
        expect(listed).not.toHaveProperty("body");
        expect(readStored(listed)).toEqual(of);
      }),
    );
  });
});

test("spelled out, it is what versions without the lean form read", () => {
  fc.assert(
    fc.property(deliveries, (of) => {
      // Their whole reader.
      expect(delivery.parse({ ...deliveryKey(of.id), ...storedForm(false)(of) })).toEqual(of);
    }),
  );
});

test("an item of a later version, or with an attempt in each form, is read by what is known of it", () => {
  const of = aDelivery({
    attempts: [anAttempt(), anAttempt({ number: 2 })],
    created_at: "2026-11-22T12:00:00.000Z",
  });
  const lean = storedForm(true)(of);
  const item = { ...deliveryKey(of.id), ...lean, later: { any: ["thing"] } };
  expect(readStored(item)).toEqual(of);
  expect(
    readStored({ ...item, attempts: [anAttempt(), ...Array.from((lean.attempts as object[]).slice(1))] }),
  ).toEqual(of);
});

test.each([
  ["no status", { status: undefined }],
  ["a time that no date has", { updated_at: 8_640_000_000_000_001 }],
  ["an attempt without its due time", { attempts: [{ n: 1, started: 0, took_ms: 1 }] }],
  ["a body for its status", { status: "{}" }],
])("an item with %s is refused, and the refusal repeats nothing of it", (_, fields) => {
  const url = "https://example.com/hook?token=hush";
  const item = { ...deliveryKey("dlv_1"), ...storedForm(true)(aDelivery({ url })), ...fields };
  const read = () => readStored(item);
  expect(read).toThrow();
  expect(read).not.toThrow(/hush/);
  expect(read).not.toThrow(AT);
});
