import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { rawElements, rawMembers, withFirstMember } from "../../shared/domain/raw-json.ts";

describe("rawElements", () => {
  test.each([
    ["[]", []],
    [" [ ] ", []],
    ["[1]", ["1"]],
    ["[ 1 , -2.50e+3,true ,null]", ["1", "-2.50e+3", "true", "null"]],
    ['["a,]", "\\"", "\\\\", "\\\\\\""]', ['"a,]"', '"\\""', '"\\\\"', '"\\\\\\""']],
    ['[{"b": 12345678901234567890,  "a":[1, 2]}, []]', ['{"b": 12345678901234567890,  "a":[1, 2]}', "[]"]],
    ["\n[\t1\r\n]", ["1"]],
  ])("%j", (json, elements) => {
    expect(rawElements(json)).toEqual(elements);
  });

  test("any array, printed any way: the slices parse to its elements and none has white space around it", () => {
    fc.assert(
      fc.property(fc.array(fc.jsonValue()), fc.constantFrom(undefined, 1, "\t"), (values, indent) => {
        const slices = rawElements(JSON.stringify(values, null, indent));
        expect(slices.map((slice) => JSON.parse(slice))).toEqual(JSON.parse(JSON.stringify(values)));
        expect(slices).toEqual(slices.map((slice) => slice.trim()));
      }),
    );
  });
});

describe("rawMembers", () => {
  test("of a repeated key the last counts, as with JSON.parse", () => {
    expect(rawMembers('{"a":1,"a":[2 ],"b":{}}')).toEqual(
      new Map([
        ["a", "[2 ]"],
        ["b", "{}"],
      ]),
    );
  });

  test("a key written with escapes is found by what it means", () => {
    expect(rawMembers('{"\\u0065vents" : [1] }').get("events")).toBe("[1]");
  });

  test("any object: the same members with the same values", () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (object) => {
        const members = rawMembers(JSON.stringify(object, null, 2));
        const parsed = JSON.parse(JSON.stringify(object));
        expect(new Set(members.keys())).toEqual(new Set(Object.keys(parsed)));
        for (const [key, value] of members) expect(JSON.parse(value)).toEqual(parsed[key]);
      }),
    );
  });
});

test("withFirstMember touches nothing but the front", () => {
  const json = ' {\n "n": 12345678901234567890, "1":0 }\n';
  expect(withFirstMember(json, "id", "x")).toBe(' {"id":"x",\n "n": 12345678901234567890, "1":0 }\n');
});
