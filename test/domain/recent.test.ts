import { expect, test } from "vitest";
import { createRecent } from "../../shared/domain/recent.ts";

test("what was used longest ago makes room, and what is asked for counts as used", () => {
  const recent = createRecent<number>(2);
  recent.set("a", 1);
  recent.set("b", 2);
  expect(recent.get("a")).toBe(1);
  recent.set("c", 3);
  expect(["a", "b", "c"].map(recent.get)).toEqual([1, undefined, 3]);
});

test("values are weighed: one large makes room of many small, and one too large is not held", () => {
  const recent = createRecent<string>(10, (text) => text.length);
  for (const key of ["a", "b", "c"]) recent.set(key, "333");
  recent.set("d", "666666");
  expect(["a", "b", "c", "d"].map(recent.get)).toEqual([undefined, undefined, "333", "666666"]);
  recent.set("c", "1");
  recent.set("e", "333");
  expect(["c", "d", "e"].map(recent.get)).toEqual(["1", "666666", "333"]);
  recent.set("f", "too long for all of it");
  expect(["c", "d", "e", "f"].map(recent.get)).toEqual([undefined, undefined, undefined, undefined]);
});
