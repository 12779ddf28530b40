import { expect, test } from "vitest";
import { remember } from "../../shared/domain/remember.ts";

test("an answer is worked out once, until there are too many to keep", () => {
  const asked: string[] = [];
  const length = remember((text) => {
    asked.push(text);
    return text.length;
  }, 2);
  expect([length("a"), length("bb"), length("a"), length("bb")]).toEqual([1, 2, 1, 2]);
  expect(asked).toEqual(["a", "bb"]);
  expect([length("ccc"), length("a")]).toEqual([3, 1]);
  expect(asked).toEqual(["a", "bb", "ccc", "a"]);
});
