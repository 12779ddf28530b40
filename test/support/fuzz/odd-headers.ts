import { gzipSync } from "node:zlib";
import fc, { type Arbitrary } from "fast-check";
import type { Rule } from "./cases.ts";

type Headers = readonly (readonly [name: string, value: string])[];
interface Ruled {
  readonly rule?: Rule;
}

const httpServer: Rule = "http server";
const noRoute: Rule = "gateway: no route";

/** Headers in whose company no key is accepted. */
export const oddAuthorizations: Arbitrary<Headers> = fc.oneof(
  fc.constant([]),
  fc
    .constantFrom(
      ...[
        "",
        "Bearer",
        "Bearer ",
        "Bearer  ",
        "Basic ZGVtbzpkZW1v",
        "@@key_both:0@@",
        "Bearer@@key_both:0@@",
      ],
      ...[
        "Bearer @@key_both:0@@x",
        "Bearer @@key_both:0@@,",
        "Bearer @@key_both:0@@ x",
        'Bearer "@@key_both:0@@"',
      ],
      ...["Bearer @@key_revoked:0@@", "Bearer null", "Bearer undefined", "Bearer *", "Bearer \u00ff\u0080"],
      ...[
        "Bearer schlüssel",
        "Digest username=x",
        "Bearer\t@@key_both:0@@",
        "Token @@key_both:0@@",
        "Bearer é",
        "😀",
      ],
    )
    .map((value) => [["authorization", value]] as const),
  fc.constant([["authorization", `Bearer ${"x".repeat(8_000)}`]]),
  fc.stringMatching(/^[\x21-\x7e]{1,60}$/).map((key) => [["authorization", `Bearer ${key}`]] as const),
  // Of several, the first counts; a second one is no way in.
  fc.constant([
    ["authorization", "Bearer wrong"],
    ["authorization", "Bearer @@key_both:0@@"],
  ]),
  fc.constant([
    ["x-authorization", "Bearer @@key_both:0@@"],
    ["x-api-key", "@@key_both:0@@"],
    ["cookie", "authorization=Bearer @@key_both:0@@"],
  ]),
);

export const oddMethods: Arbitrary<Ruled & { method: string }> = fc.oneof(
  fc
    .constantFrom(
      "GET",
      "POST",
      "PUT",
      "PATCH",
      "DELETE",
      "HEAD",
      "OPTIONS",
      "TRACE",
      "PROPFIND",
      "PURGE",
      "LINK",
    )
    .map((method) => ({ method, rule: noRoute })),
  fc
    .constantFrom("get", "FOO", "", "G\u0000T", "X".repeat(10_000))
    .map((method) => ({ method, rule: httpServer })),
);

export const oddHeaders: Arbitrary<Ruled & { headers: Headers; body?: Buffer }> = fc.oneof(
  fc
    .constantFrom(
      ...[
        "text/plain",
        "application/xml",
        "multipart/form-data; boundary=x",
        "application/json; charset=utf-16",
      ],
      ...[
        "application/x-www-form-urlencoded",
        "",
        ";",
        "image/png",
        "APPLICATION/JSON",
        "application/json,text/html",
      ],
    )
    .map((type) => ({ headers: [["content-type", type]] as const })),
  fc
    .constantFrom<Headers>(
      [["accept", "text/html"]],
      [["accept-encoding", "br;q=9,,*"]],
      [["x-forwarded-for", "127.0.0.1\r\nx-injected: 1"]],
      [["__proto__", "1"]],
      [["constructor", "1"]],
      [["x-http-method-override", "DELETE"]],
      [["if-none-match", "*"]],
      [["user-agent", "\u00ff".repeat(100)]],
      [["host", "example.invalid"]],
      [["upgrade", "h2c"]],
      Array.from({ length: 90 }, (_, n) => [`x-${n}`, "1"] as const),
    )
    .map((headers) => ({ headers })),
  fc
    .constantFrom<Headers>(
      [["x-nul", "a\u0000b"]],
      [["x y", "1"]],
      [["", "1"]],
      [["x-large", "x".repeat(20_000)]],
      [["content-length", "-1"]],
      [["content-length", "x"]],
      [
        ["content-length", "1"],
        ["content-length", "2"],
      ],
      [
        ["content-length", "3"],
        ["transfer-encoding", "chunked"],
      ],
      [["transfer-encoding", "nonsense"]],
      [["expect", "nonsense"]],
    )
    .map((headers) => ({ headers, rule: httpServer, body: Buffer.from("{}\n") })),
  fc.constant({
    headers: [["transfer-encoding", "chunked"]] as const,
    body: Buffer.from("2\r\n{}\r\n0\r\n\r\n"),
  }),
  fc.constantFrom("zz\r\n{}\r\n", "ffffffffffffffffff\r\n{}", "-1\r\n").map((text) => ({
    ...{ headers: [["transfer-encoding", "chunked"]] as const, rule: httpServer, body: Buffer.from(text) },
  })),
  fc.constant({ headers: [["content-encoding", "gzip"]] as const, body: gzipSync("{}") }),
);
