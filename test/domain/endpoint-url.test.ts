import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { endpointUrlProblem, isPublicAddress } from "../../shared/domain/endpoint-url.ts";

describe("endpointUrlProblem()", () => {
  test.each([
    "https://hooks.example.com/claimr?x=1",
    "https://hooks.example.com:443/",
    "https://hooks.example.com:8443/a%20b",
    "https://8.8.8.8/",
    "https://[2606:4700::1111]/",
    "https://bücher.example/",
    "https://localhost.example.com/",
    `https://example.com/${"a".repeat(2048 - 20)}`,
  ])("%s can be an endpoint", (url) => {
    expect(endpointUrlProblem(url, false)).toBeUndefined();
    expect(endpointUrlProblem(url, true)).toBeUndefined();
  });

  test.each([
    ["", "absolute"],
    ["hooks.example.com/claimr", "absolute"],
    ["/claimr", "absolute"],
    ["//hooks.example.com/", "absolute"],
    ["https://", "absolute"],
    ["https://999.1.1.1/", "absolute"],
    ["https://./", "host"],
    ["ftp://example.com/", "https"],
    ["file:///etc/passwd", "https"],
    ["javascript:alert(1)", "https"],
    ["https://user@example.com/", "user name"],
    ["https://:secret@example.com/", "user name"],
    ["https://example.com/#top", "fragment"],
    ["https://example.com/#", "fragment"],
    [" https://example.com/", "spaces"],
    ["https://exam\nple.com/", "control"],
    ["\u0000https://example.com/", "control"],
    [`https://example.com/${"a".repeat(2048 - 19)}`, "2048"],
  ])("%j never can", (url, reason) => {
    expect(endpointUrlProblem(url, false)).toContain(reason);
    expect(endpointUrlProblem(url, true)).toContain(reason);
  });

  test.each([
    ["http://hooks.example.com/", "https"],
    ["https://example.com:8080/", "port 443 or 8443"],
    ["https://example.com:22/", "port 443 or 8443"],
    ["https://localhost/", "localhost"],
    ["https://LOCALHOST./", "localhost"],
    ["https://%6cocalhost/", "localhost"],
    ["https://api.localhost:8443/", "localhost"],
    ["https://127.0.0.1/", "private"],
    ["https://127.0.0.1./", "private"],
    ["https://0x7f.1/", "private"],
    ["https://2130706433/", "private"],
    ["https://017700000001/", "private"],
    ["https://①②⑦.0.0.1/", "private"],
    ["https://0/", "private"],
    ["https://169.254.169.254/latest/meta-data/", "private"],
    ["https://[::1]/", "private"],
    ["https://[::ffff:8.8.8.8]/", "private"],
    ["https://[fd00:ec2::254]/", "private"],
  ])("%s only where private endpoints are allowed", (url, reason) => {
    expect(endpointUrlProblem(url, false)).toContain(reason);
    expect(endpointUrlProblem(url, true)).toBeUndefined();
  });

  test("never throws, and what it lets through is an https URL on an allowed port", () => {
    const part = fc.oneof(
      fc.webUrl(),
      fc.constantFrom("https://", "@", "#", "[", ":8443", "\\"),
      fc.string(),
    );
    fc.assert(
      fc.property(fc.array(part, { maxLength: 4 }), (parts) => {
        const text = parts.join("");
        endpointUrlProblem(text, true);
        if (endpointUrlProblem(text, false) !== undefined) return;
        expect(new URL(text)).toMatchObject({ protocol: "https:", username: "", password: "", hash: "" });
        expect(["", "8443"]).toContain(new URL(text).port);
      }),
    );
  });

  test("refuses a private literal in every spelling of it", () => {
    const blocks = [
      [0x0a000000, 8],
      [0x7f000000, 8],
      [0xa9fe0000, 16],
      [0xac100000, 12],
      [0xc0a80000, 16],
    ] as const;
    const privateIpv4 = fc
      .tuple(fc.constantFrom(...blocks), fc.nat(2 ** 32 - 1))
      .map(([[base, bits], random]) => base + (random % 2 ** (32 - bits)));
    const spellings: ((n: number) => string)[] = [
      (n) => String(n),
      (n) => `0x${n.toString(16)}`,
      (n) => `0${n.toString(8)}`,
      (n) => dotted(n),
      (n) => `${dotted(n)}.`,
      (n) => `[::ffff:${dotted(n)}]`,
      (n) => `[64:ff9b::${dotted(n)}]`,
    ];
    fc.assert(
      fc.property(privateIpv4, fc.constantFrom(...spellings), fc.webPath(), (ip, spell, path) => {
        expect(endpointUrlProblem(`https://${spell(ip)}${path}`, false)).toContain("private");
        expect(endpointUrlProblem(`http://${spell(ip)}${path}`, false)).toBeDefined();
      }),
    );
  });
});

function dotted(n: number): string {
  return [24, 16, 8, 0].map((shift) => (n >>> shift) & 255).join(".");
}

describe("isPublicAddress()", () => {
  test.each([
    ["8.8.8.8"],
    ["1.1.1.1"],
    ["172.15.255.255"],
    ["172.32.0.0"],
    ["100.63.255.255"],
    ["100.128.0.0"],
    ["198.17.255.255"],
    ["223.255.255.255"],
    ["2606:4700::1111"],
    ["2a00:1450:4001:81b::200e"],
  ])("%s is public", (address) => expect(isPublicAddress(address)).toBe(true));

  // The IANA IPv4 and IPv6 special-purpose address registries, and what is not assigned at all.
  test.each([
    ["0.0.0.0", "this host"],
    ["10.0.0.1", "private"],
    ["100.64.0.1", "carrier-grade NAT"],
    ["127.255.255.254", "loopback"],
    ["169.254.169.254", "instance metadata"],
    ["169.254.170.2", "container credentials"],
    ["172.31.255.255", "private"],
    ["192.0.0.1", "IETF assignments"],
    ["192.0.2.1", "documentation"],
    ["192.31.196.1", "AS112"],
    ["192.52.193.1", "AMT"],
    ["192.88.99.1", "6to4 relay"],
    ["192.168.1.1", "private"],
    ["192.175.48.1", "AS112"],
    ["198.18.0.1", "benchmarking"],
    ["198.19.255.255", "benchmarking"],
    ["198.51.100.1", "documentation"],
    ["203.0.113.1", "documentation"],
    ["224.0.0.1", "multicast"],
    ["240.0.0.1", "reserved"],
    ["255.255.255.255", "broadcast"],
    ["::", "unspecified"],
    ["::1", "loopback"],
    ["::8.8.8.8", "IPv4-compatible"],
    ["::ffff:8.8.8.8", "IPv4-mapped"],
    ["::ffff:0:8.8.8.8", "IPv4-translated"],
    ["64:ff9b::8.8.8.8", "NAT64"],
    ["64:ff9b:1::1", "local NAT64"],
    ["100::1", "discard"],
    ["2001::1", "Teredo"],
    ["2001:2::1", "benchmarking"],
    ["2001:20::1", "ORCHID v2"],
    ["2001:db8::1", "documentation"],
    ["2002:808:808::1", "6to4"],
    ["3fff::1", "documentation"],
    ["5f00::1", "segment routing"],
    ["fc00::1", "unique local"],
    ["fd00:ec2::254", "instance metadata"],
    ["fe80::1", "link local"],
    ["fe80::1%eth0", "link local"],
    ["fec0::1", "site local"],
    ["ff02::1", "multicast"],
    ["4000::1", "unassigned"],
    ["200::1", "unassigned"],
    ["100:0:0:1::1", "dummy prefix"],
    ["", "not an address"],
    ["localhost", "not an address"],
    ["[::1]", "not an address"],
    ["0x08080808", "not canonical"],
    ["8.8.8", "not canonical"],
    ["010.8.8.8", "not canonical"],
  ])("%s is not: %s", (address) => expect(isPublicAddress(address)).toBe(false));
});
