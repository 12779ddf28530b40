import { marshall, unmarshall } from "@aws-sdk/util-dynamodb";
import fc from "fast-check";
import { expect, test } from "vitest";
import { toAttributes } from "../../shared/aws/attributes.ts";

const values = fc.letrec((tie) => ({
  value: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    fc.string({ unit: "binary" }),
    fc.maxSafeInteger(),
    fc.double({ noDefaultInfinity: true, noNaN: true, min: -1e15, max: 1e15 }),
    fc.boolean(),
    fc.constantFrom(null, undefined),
    fc.uint8Array(),
    fc.array(tie("value")),
    fc.dictionary(fc.string(), tie("value")),
  ),
}));
const items = fc.dictionary(fc.string(), values.value);

test("an item becomes what the SDK would make of it", () => {
  fc.assert(
    fc.property(items, (item) => {
      expect(toAttributes(item)).toEqual(marshall(item, { removeUndefinedValues: true }));
    }),
  );
});

test("an item that is read is what was written", () => {
  const item = { pk: "1", n: -0.5, list: [1, { ok: true }, null], bytes: Uint8Array.of(1, 2) };
  expect(unmarshall(toAttributes({ ...item, gone: undefined }))).toEqual(item);
});

test.each([
  [Number.NaN],
  [Number.POSITIVE_INFINITY],
  [2 ** 53],
  [-(2 ** 53)],
  [1n],
  [new Date(0)],
  [new Map()],
  [new Set(["a"])],
  [Symbol("a")],
  [() => "a"],
])("%s is refused rather than stored as something else", (value) => {
  expect(() => toAttributes({ value })).toThrow(TypeError);
});
