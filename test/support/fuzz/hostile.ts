import fc, { type Arbitrary } from "fast-check";

/**
 * Input that nobody should send. Nothing here is a URL that leads off this machine: what is put in the place of one
 * is no URL at all, one that is refused, or on the loopback address.
 */
const texts = [
  "",
  " ",
  "\u0000",
  "a\u0000b",
  "\ud800",
  "\udfff\ud800",
  "\ufffe\uffff\ufeff",
  "\u202eabc\u2066",
  "👩‍👩‍👧‍👦",
  "x".repeat(257),
  "é".repeat(2_049),
  "x".repeat(70_000),
  "__proto__",
  "constructor",
  "toString",
  "../../../etc/passwd",
  "' OR 1=1 --",
  "$" + "{jndi:ldap://127.0.0.1/a}",
  "<aws.scheduler.execution-id>",
  "\r\nx-injected: 1",
  "*a".repeat(40),
  "?".repeat(200),
  "#".repeat(20),
  "2026-02-30T00:00:00Z",
  "9999-12-31T23:59:59-23:59",
  "whsec_====",
  "NaN",
  "-0",
  "1e400",
  "http://",
  "http://u:p@127.0.0.1/",
  "http://127.0.0.1:1/#f",
  "http://127.0.0.1:99999/",
  "ftp://127.0.0.1/",
  "javascript:alert(1)",
  "http://127.0.0.1:1/\ud800",
];
export const hostileTexts: Arbitrary<string> = fc.constantFrom(...texts);

const nested = (depth: number) => JSON.parse("[".repeat(depth) + "]".repeat(depth));
const wide = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, n) => [`k${n}`, n]));

const hostileValues: Arbitrary<unknown> = fc.oneof(
  hostileTexts,
  fc.constantFrom<unknown>(null, true, false, 0, -1, 1.5, 2 ** 53, -(2 ** 63), 1e308, 5e-324),
  fc.constantFrom<unknown>(
    [],
    {},
    [[]],
    [null],
    [""],
    { __proto__: null },
    { length: 1 },
    Array(101).fill(0),
  ),
  fc.constantFrom<unknown>(nested(500), wide(300), JSON.parse('{"__proto__":{"id":"x"},"constructor":1}')),
  fc.jsonValue(),
);

/** The value with one node of it, wherever it stands, replaced, left out, or joined by one too many. */
export function damaged(values: Arbitrary<unknown>): Arbitrary<unknown> {
  const place = fc.nat({ max: 1_000 });
  const how = fc.constantFrom("replace", "remove", "add");
  return fc
    .tuple(values, fc.array(fc.tuple(place, how, hostileValues), { minLength: 1, maxLength: 2 }))
    .map(([value, changes]) => changes.reduce<unknown>((before, change) => damage(before, ...change), value));
}

function damage(value: unknown, place: number, how: string, by: unknown): unknown {
  const size = countNodes(value);
  let left = place % size;
  function visit(node: unknown): unknown {
    if (left-- === 0) return how === "add" ? joined(node, by) : by;
    if (Array.isArray(node)) return node.map(visit);
    if (typeof node !== "object" || node === null) return node;
    const removes = left === 0 && how === "remove";
    return Object.fromEntries(
      Object.entries(node)
        .filter((_, index) => !(removes && index === 0))
        .map(([name, member]) => [name, visit(member)]),
    );
  }
  return visit(value);
}

/** One member more than there may be; a repetition in a list. */
function joined(node: unknown, by: unknown): unknown {
  if (Array.isArray(node)) return [...node, node[0] ?? by];
  return typeof node === "object" && node !== null ? { ...node, surplus: by } : by;
}

const countNodes = (value: unknown): number =>
  typeof value === "object" && value !== null
    ? Object.values(value).reduce<number>((sum, member) => sum + countNodes(member), 1)
    : 1;

/** JSON text as bytes, spoilt as text. What a URL in it says of its host is never changed into another host. */
export function spoilt(texts: Arbitrary<string>): Arbitrary<Buffer> {
  const place = fc.nat({ max: 10_000 });
  return fc.oneof(
    fc.tuple(texts, place).map(([text, at]) => Buffer.from(text.slice(0, at % (text.length + 1)))),
    fc.tuple(texts, place, strayBytes).map(([text, at, stray]) => {
      const bytes = Buffer.from(text);
      const index = at % (bytes.length + 1);
      return Buffer.concat([bytes.subarray(0, index), stray, bytes.subarray(index)]);
    }),
    fc.tuple(texts, strayBytes).map(([text, stray]) => Buffer.concat([stray, Buffer.from(text)])),
    fc.tuple(texts, strayBytes).map(([text, stray]) => Buffer.concat([Buffer.from(text), stray])),
    // Repeated keys: the last one counts.
    fc.tuple(texts, texts).map(([one, other]) => Buffer.from(one.replace(/\}$/, `,${other.slice(1)}`))),
    texts.map((text) => Buffer.from(text.replace(/:-?\d+/, ":1e400"))),
    texts.map((text) => Buffer.from(text.replace(/:-?\d+/, `:${"9".repeat(5_000)}`))),
    texts.map((text) => Buffer.from(text, "utf16le")),
    texts.map((text) => Buffer.from(text.replaceAll(/([{}[\],:])/g, "\t$1\r\n "))),
    bombs.map((text) => Buffer.from(text)),
  );
}

const strayBytes = fc.constantFrom(
  ...["\u0000", "\u0001", "\t", '"', "\\", "\u007f", "\ufeff", "\u2028", "}", "]", ","].map((text) =>
    Buffer.from(text),
  ),
  // Not UTF-8: a lone continuation, an overlong slash, half of a pair in CESU-8, beyond U+10FFFF, cut off.
  ...["80", "c0af", "eda080", "f4908080", "e282", "fffe"].map((hex) => Buffer.from(hex, "hex")),
);

const bombs = fc.constantFrom(
  "[".repeat(50_000),
  "[".repeat(50_000) + "]".repeat(50_000),
  `${'{"a":'.repeat(20_000)}1${"}".repeat(20_000)}`,
  `{"events":${"[".repeat(40_000)}${"]".repeat(40_000)}}`,
  JSON.stringify(wide(10_000)),
  JSON.stringify(wide(100_000)),
  JSON.stringify({ events: Array(50_000).fill(0) }),
  `{"user":"${"\\u0000".repeat(20_000)}"}`,
  `"${"x".repeat(300_000)}"`,
  "",
  " \n\t",
  "null",
  "0",
  '""',
  "[]",
  "{}",
  "{".repeat(3),
);
