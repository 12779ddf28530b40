import { isIP } from "node:net";
import fc from "fast-check";
import ipaddr from "ipaddr.js";
import { describe, expect, test } from "vitest";
import { addressProblem, isPublicAddress } from "../../shared/domain/address.ts";
import { endpointUrlProblem } from "../../shared/domain/endpoint-url.ts";
import { closedRules } from "../support/sending.ts";
import { neighbours, specialBlocks } from "./ssrf/iana.ts";
import { wordsOfRule } from "./ssrf/rules.ts";

const asUrl = (address: string) => `https://${address.includes(":") ? `[${address}]` : address}/`;
const urlProblem = (address: string) => endpointUrlProblem(asUrl(address), closedRules);

/** The bytes of a block's first and last address, without the library's own idea of them. */
function edges(block: string): { first: number[]; last: number[] } {
  const [network, bits] = ipaddr.parseCIDR(block);
  const first = network.toByteArray();
  const last = first.map((byte, i) => byte | (255 >> Math.min(Math.max(bits - i * 8, 0), 8)));
  return { first, last };
}
const text = (bytes: number[]) => ipaddr.fromByteArray(bytes).toString();

describe("the IANA special-purpose registries", () => {
  test.each(specialBlocks)("$block, $name: refused from end to end", ({ block, rule, ...at }) => {
    const { first, last } = edges(block);
    expect(addressProblem(text(first))).toBeDefined();
    expect(`: ${addressProblem(text(first))}`).toContain(wordsOfRule[at.first ?? rule]);
    expect(`: ${addressProblem(text(last))}`).toContain(wordsOfRule[at.last ?? rule]);
    expect(urlProblem(text(first))).toContain(wordsOfRule[at.first ?? rule]);
    expect(urlProblem(text(last))).toContain(wordsOfRule[at.last ?? rule]);
    const inside = fc.tuple(...first.map((byte, i) => fc.integer({ min: byte, max: last[i] ?? byte })));
    fc.assert(fc.property(inside, (bytes) => !isPublicAddress(text(bytes))));
  });

  test("are here with all their rows, each once", () => {
    expect(new Set(specialBlocks.map(({ block }) => block)).size).toBe(specialBlocks.length);
    // 26 and 25 rows, and multicast twice.
    expect(specialBlocks).toHaveLength(26 + 25 + 2);
  });

  test.each(neighbours)("%s, beside them, is public", (address) => {
    expect(addressProblem(address)).toBeUndefined();
    expect(urlProblem(address)).toBeUndefined();
  });
});

describe("an address is not public", () => {
  test.each([
    ["168.63.129.16", "the platform address of Azure"],
    ["3ffe::1", "outside the public part of IPv6 (the former 6bone, RFC 3701)"],
    ["4000::1", "outside the public part of IPv6 (2000::/3, RFC 4291)"],
    ["::808:808", "outside the public part of IPv6 (2000::/3, RFC 4291)"],
    ["2606:4700::5efe:8.8.8.8", "an IPv4 address wrapped in IPv6 (ISATAP, RFC 5214)"],
    ["2606:4700::200:5efe:808:808", "an IPv4 address wrapped in IPv6 (ISATAP, RFC 5214)"],
    ["", "not an IP address"],
    ["localhost", "not an IP address"],
    ["[::1]", "not an IP address"],
    ["0x08080808", "not an IP address"],
    ["8.8.8", "not an IP address"],
    ["010.8.8.8", "not an IP address"],
    ["8.8.8.8 ", "not an IP address"],
    ["8.8.8.8\n", "not an IP address"],
    ["8.8.8.8/32", "not an IP address"],
    ["8.8.8.8%eth0", "not an IP address"],
    ["2606:4700::1111%lo", "not an IP address"],
    ["2606:4700::08.8.8.8", "not an IP address"],
    ["2606:4700::0x8.8.8.8", "not an IP address"],
    ["fe80::1%eth0", "not an IP address"],
    ["2606:4700::1111]", "not an IP address"],
  ])("%j: %s", (address, problem) => expect(addressProblem(address)).toBe(problem));

  test("only by looking like ISATAP somewhere else", () => {
    expect(addressProblem("2606:4700:0:5efe::1")).toBeUndefined();
    expect(addressProblem("2606:4700::5efe")).toBeUndefined();
  });

  test("or a reason, whatever the text", () => {
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: "binary" }), fc.ipV4(), fc.ipV6()), (given) => {
        expect(typeof (addressProblem(given) ?? "")).toBe("string");
      }),
      { numRuns: 1_000 },
    );
  });
});

test("what is public, Node calls an address too: no text is one to the check and another to the socket", () => {
  const piece = fc.constantFrom(
    "2606",
    "4700",
    "::",
    ":",
    ".",
    "8",
    "0",
    "08",
    "0x8",
    "ffff",
    "%1",
    "8.8.8.8",
    "/8",
  );
  const alike = fc.array(piece, { minLength: 1, maxLength: 12 }).map((pieces) => pieces.join(""));
  let met = 0;
  fc.assert(
    fc.property(fc.oneof(alike, fc.ipV4(), fc.ipV4Extended(), fc.ipV6()), (given) => {
      if (!isPublicAddress(given)) return;
      met++;
      expect(isIP(given), given).not.toBe(0);
    }),
    { numRuns: 20_000 },
  );
  expect(met).toBeGreaterThan(100);
});

describe("an IPv4 address that is not public", () => {
  const blocks = specialBlocks.filter(({ block }) => !block.includes(":"));
  const notPublic = fc
    .constantFrom(...blocks)
    .map(({ block }) => edges(block))
    .chain(({ first, last }) =>
      fc.tuple(...first.map((byte, i) => fc.integer({ min: byte, max: last[i] ?? byte }))),
    );
  const hex = (n = 0) => n.toString(16);
  const number = (bytes: number[]) => bytes.reduce((sum, byte) => sum * 256 + byte, 0);
  const dotted = (bytes: number[]) => bytes.join(".");
  const pair = ([a = 0, b = 0, c = 0, d = 0]: number[]) => `${hex(a * 256 + b)}:${hex(c * 256 + d)}`;
  const inverted = (bytes: number[]) => pair(bytes.map((byte) => 255 - byte));

  const spellings: Readonly<Record<string, (bytes: number[]) => string>> = {
    "four decimals": dotted,
    "with a last dot": (bytes) => `${dotted(bytes)}.`,
    "one number": (bytes) => String(number(bytes)),
    "one hexadecimal number": (bytes) => `0x${hex(number(bytes))}`,
    "one octal number": (bytes) => `0${number(bytes).toString(8)}`,
    "hexadecimal octets": (bytes) => bytes.map((byte) => `0X${hex(byte).toUpperCase()}`).join("."),
    "octal octets": (bytes) => bytes.map((byte) => `000${byte.toString(8)}`).join("."),
    "two parts": ([a, ...rest]) => `${a}.${number(rest)}`,
    "three parts": ([a, b, ...rest]) => `${a}.0x${hex(b)}.${number(rest)}`,
    "ideographic full stops": (bytes) => bytes.join("。"),
    "fullwidth digits": (bytes) =>
      dotted(bytes).replace(/\d/g, (digit) => String.fromCodePoint(0xff10 + Number(digit))),
    "percent-encoded": (bytes) =>
      [...dotted(bytes)].map((character) => `%${hex(character.codePointAt(0))}`).join(""),
    "IPv4-mapped": (bytes) => `[::ffff:${dotted(bytes)}]`,
    "IPv4-mapped in hexadecimal": (bytes) => `[0:0:0:0:0:FFFF:${pair(bytes)}]`,
    "IPv4-compatible": (bytes) => `[::${dotted(bytes)}]`,
    "IPv4-translated": (bytes) => `[::ffff:0:${dotted(bytes)}]`,
    NAT64: (bytes) => `[64:ff9b::${pair(bytes)}]`,
    "local NAT64": (bytes) => `[64:ff9b:1::${dotted(bytes)}]`,
    "6to4": (bytes) => `[2002:${pair(bytes)}::1]`,
    "Teredo client": (bytes) => `[2001:0:4136:e378:8000:63bf:${inverted(bytes)}]`,
    "Teredo server": (bytes) => `[2001:0:${pair(bytes)}:8000:63bf:3fff:fdd2]`,
    ISATAP: (bytes) => `[2606:4700::5efe:${dotted(bytes)}]`,
  };

  test.each(Object.entries(spellings))("is refused as %s", (_, spell) => {
    fc.assert(
      fc.property(notPublic, fc.constantFrom("", ":443", ":8443"), fc.webPath(), (bytes, port, path) => {
        const url = `https://${spell(bytes)}${port}${path}`;
        expect(endpointUrlProblem(url, closedRules), url).toMatch(/^must not point to /);
      }),
    );
  });

  test("is not told from a public one by any of these spellings alone, the wrappings excepted", () => {
    const plain = Object.entries(spellings).filter(([, spell]) => !spell([8, 8, 8, 8]).startsWith("["));
    for (const [name, spell] of plain) {
      expect(endpointUrlProblem(`https://${spell([8, 8, 8, 8])}/`, closedRules), name).toBeUndefined();
    }
    expect(plain).toHaveLength(12);
  });
});
