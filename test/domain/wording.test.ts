import { expect, test } from "vitest";
import * as z from "zod/mini";
import { plainWords } from "../../shared/domain/wording.ts";

test.each([
  [z.string(), undefined, "is missing"],
  [z.string(), 5, "must be a string"],
  [z.int(), 1.5, "must be a whole number"],
  [z.object({}), [], "must be an object"],
  [z.enum(["a", "b"]), "c", "must be a or b"],
  [z.url(), "nowhere", "must be a URL"],
  [z.iso.datetime(), "tomorrow", "must be an ISO 8601 time"],
  [z.string().check(z.regex(/^a$/)), "b", "has the wrong form"],
  [z.string().check(z.minLength(1)), "", "must not be empty"],
  [z.string().check(z.maxLength(3)), "four", "must be at most 3 characters"],
  [z.int().check(z.minimum(1)), 0, "must be at least 1"],
  [z.int().check(z.maximum(9)), 10, "must be at most 9"],
  [z.strictObject({}), { a: 1 }, "is not valid"],
  [z.union([z.string(), z.number()]), true, "is not valid"],
])("a schema without words of its own is spoken for: %#, %j %s", (schema, input, words) => {
  const { error } = schema.safeParse(input, { error: plainWords });
  expect(error?.issues.map(({ message }) => message)).toEqual([words]);
});

test("a schema's own words go first", () => {
  const { error } = z.int("must be a day of the month").safeParse("x", { error: plainWords });
  expect(error?.issues[0]?.message).toBe("must be a day of the month");
});
