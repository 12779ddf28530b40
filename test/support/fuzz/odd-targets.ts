import fc, { type Arbitrary } from "fast-check";
import type { Rule } from "./cases.ts";

interface Ruled {
  readonly rule?: Rule;
}

const notDecodable: Rule = "gateway: not decodable";
const httpServer: Rule = "http server";
const noRoute: Rule = "gateway: no route";

/** @param known a value that would be found if it came as it is */
export const oddPathValues = (known: string): Arbitrary<Ruled & { value: string }> =>
  fc.oneof(
    fc
      .constantFrom("%", "%zz", "%ff", "%c0%af", "%ed%a0%80", `${known}%`, "%u0041")
      .map((value) => ({ value, rule: notDecodable })),
    fc
      .constantFrom("", "/", `${known}/`, `/${known}`, "a/b", "x?/", "#")
      .map((value) => ({ value, rule: noRoute })),
    fc
      .constantFrom(
        ...[
          "%2e%2e",
          "..",
          ".",
          "%2F",
          "a%2Fb",
          "..%2f..%2fetc%2fpasswd",
          "%252e%252e",
          "%00",
          `${known}%00`,
        ],
        ...[`${known}%20`, `%20${known}`, `${known}%0d%0a`, `${known};a=b`, `${known}+`, `${known}.`],
        ...[
          "__proto__",
          "constructor",
          "%7Bid%7D",
          "{hook_id}",
          "*",
          "**",
          "*a".repeat(60),
          "?",
          "%3F",
          "%23",
        ],
        ...["%F0%9F%98%80", "%E2%80%AE", "%EF%BB%BF", "%EF%BC%8F", "x".repeat(3_000), "%41".repeat(1_000)],
        ...["dlv_", "dlv_%00", "$" + "{7*7}", "'%20OR%201=1", "-1", "0", "null", "undefined", "NaN"],
      )
      .map((value) => ({ value })),
    fc.constant({ value: "x".repeat(20_000), rule: httpServer }),
  );

export const oddQueries: Arbitrary<Ruled & { query: string }> = fc.oneof(
  fc.constantFrom("limit=%", "cursor=%ff", "%=1", "a=%zz", "%c0%ae=1").map((query) => ({
    query,
    rule: notDecodable,
  })),
  fc
    .constantFrom(
      ...["", "&&&", "=", "===", "?", "limit", "limit=", "limit=1&limit=2", "limit=1&limit=x", "limit[]=1"],
      ...[
        "limit=0x10",
        "limit=1e1",
        "limit=1e999",
        "limit=-1",
        "limit=%20%205",
        "limit=NaN",
        "limit=Infinity",
      ],
      ...[
        "limit=9007199254740993",
        "limit=1.5",
        "limit=+1",
        "LIMIT=1",
        "__proto__=1",
        "constructor=x",
        "toString=",
      ],
      ...[
        "cursor=",
        "cursor=e30",
        "cursor=bnVsbA",
        "cursor=IiI",
        "cursor=W10=",
        "cursor=%00",
        "cursor=%F0%9F%98%80",
      ],
      ...[
        "hook_id=",
        "hook_id=%00",
        "hook_id=..",
        "status=",
        "status=Pending",
        "since=0",
        "since=0000-01-01T00:00:00Z",
      ],
      ...["until=9999-12-31T23:59:59.999999999Z", "since=2026-13-01T00:00:00Z", "until=2026-01-01", "%00=1"],
    )
    .map((query) => ({ query })),
  fc
    .string({ unit: "binary", maxLength: 20 })
    .map((text) => ({ query: `q=${encodeURIComponent(text.toWellFormed())}` })),
  // A position that no list has given out.
  fc.json().map((text) => ({ query: `cursor=${Buffer.from(text).toString("base64url")}` })),
  fc.constant({ query: Array.from({ length: 900 }, (_, n) => `k${n}=1`).join("&") }),
  fc.constant({ query: `cursor=${"A".repeat(8_000)}` }),
  fc.constant({ query: "x".repeat(20_000), rule: httpServer }),
);
