import type { LookupFunction } from "node:net";
import { describe, expect, test } from "vitest";
import { hello, openRules, sender } from "../support/sending.ts";
import { PUBLIC, PUBLIC_IPV6, resolver, smallInternet } from "../support/small-internet.ts";

const HOST = "hooks.example.com";

/** Sends once to a name and says what came of it, and who was connected to. */
async function sendTo(host: string, lookup: LookupFunction) {
  const internet = await smallInternet();
  const { send } = sender({ rules: internet.rules, lookup });
  const { status, error } = await send({ ...hello, url: internet.urlOf(host) });
  const connections = [internet.receiver.connections(), internet.canaryConnections()];
  return { status, error, connections, handed: internet.handed() };
}

const refusal = (error: string) => ({ status: null, error, connections: [0, 0], handed: [] });

const loopback = "address is not public: loopback, which is the machine itself (RFC 1122, RFC 4291)";
const link = "address is not public: link-local (RFC 3927, RFC 4291), where clouds keep their metadata";
const wrapped = (how: string) => `address is not public: an IPv4 address wrapped in IPv6 (${how})`;
const garbage = "address is not public: not an IP address";

describe("the little internet of these tests", () => {
  test("has a canary that notices a connection, and a receiver that answers", async () => {
    const internet = await smallInternet();
    const { lookup } = resolver(["10.0.0.1"]);
    await sender({ rules: openRules, lookup }).send({ ...hello, url: internet.urlOf(HOST) });
    expect([internet.receiver.connections(), internet.canaryConnections()]).toEqual([0, 1]);
  });
});

describe("a name that resolves to public addresses", () => {
  test.each([[[PUBLIC]], [[PUBLIC_IPV6]], [[PUBLIC, PUBLIC_IPV6]], [[PUBLIC_IPV6, PUBLIC]]])(
    "%j is looked up once and connected to by just these",
    async (addresses) => {
      const { lookup, asked } = resolver(addresses);
      const result = await sendTo(HOST, lookup);
      expect(result).toEqual({ status: 200, error: null, connections: [1, 0], handed: addresses });
      expect(asked()).toBe(1);
    },
  );

  test("is resolved with no word on the family, so that no address escapes the check", async () => {
    const options: unknown[] = [];
    const { lookup } = resolver([PUBLIC]);
    await sendTo(HOST, (hostname, given, callback) => {
      options.push({ hostname, ...given });
      lookup(hostname, given, callback);
    });
    expect(options).toEqual([expect.objectContaining({ hostname: HOST, all: true })]);
    expect(options[0]).not.toHaveProperty("family", 4);
    expect(options[0]).not.toHaveProperty("family", 6);
  });
});

describe("a name is refused and nobody connected to when it resolves to", () => {
  test.each<[string, string[], string]>([
    ["loopback", ["127.0.0.1"], loopback],
    ["all of loopback", ["127.9.8.7"], loopback],
    ["IPv6 loopback", ["::1"], loopback],
    ["both loopbacks", ["::1", "127.0.0.1"], loopback],
    ["a public address and loopback", [PUBLIC, "127.0.0.1"], loopback],
    ["loopback and a public address", ["127.0.0.1", PUBLIC], loopback],
    ["public IPv4 and IPv6 loopback", [PUBLIC, "::1"], loopback],
    ["IPv6 loopback and public IPv4", ["::1", PUBLIC], loopback],
    ["loopback among many", [PUBLIC, PUBLIC_IPV6, "127.0.0.1", PUBLIC], loopback],
    [
      "no machine in particular",
      ["0.0.0.0"],
      "address is not public: the unspecified address, which is the machine itself (RFC 1122, RFC 4291)",
    ],
    ["a private network", ["10.0.0.1"], "address is not public: private network (RFC 1918)"],
    ["another", [PUBLIC_IPV6, "192.168.1.1"], "address is not public: private network (RFC 1918)"],
    [
      "unique local IPv6",
      ["fd00:ec2::254"],
      "address is not public: private network (unique local, RFC 4193)",
    ],
    ["carrier-grade NAT", ["100.100.100.200"], "address is not public: carrier-grade NAT (RFC 6598)"],
    ["EC2's metadata", ["169.254.169.254"], link],
    ["ECS's credentials", ["169.254.170.2"], link],
    ["Lambda's own runtime API", ["169.254.100.1"], link],
    ["Azure's platform", ["168.63.129.16"], "address is not public: the platform address of Azure"],
    ["multicast", ["224.0.0.251"], "address is not public: multicast (RFC 5771, RFC 4291)"],
    ["mapped loopback", ["::ffff:127.0.0.1"], wrapped("IPv4-mapped, RFC 4291")],
    ["mapped loopback in hexadecimal", ["::FFFF:7f00:1"], wrapped("IPv4-mapped, RFC 4291")],
    ["a mapped public address", ["::ffff:8.8.8.8"], wrapped("IPv4-mapped, RFC 4291")],
    ["NAT64", ["64:ff9b::7f00:1"], wrapped("NAT64, RFC 6052 and RFC 8215")],
    ["6to4", ["2002:7f00:1::1"], wrapped("6to4, RFC 7526")],
    ["Teredo", ["2001:0:4136:e378:8000:63bf:80ff:fffe"], wrapped("Teredo, RFC 4380")],
    ["a zone", ["fe80::1%eth0"], garbage],
    ["a public address with a zone", ["2606:4700::1111%lo"], garbage],
    ["a short form", ["127.1"], garbage],
    ["octal octets", ["0177.0.0.1"], garbage],
    ["hexadecimal", ["0x7f000001"], garbage],
    ["one number", ["2130706433"], garbage],
    ["a name", ["localhost"], garbage],
    ["a URL's literal", ["[::1]"], garbage],
    ["an empty text", [""], garbage],
    ["a public address with a newline", [`${PUBLIC}\n`], garbage],
    ["nothing at all", [], "host has no address"],
  ])("%s", async (_, addresses, error) => {
    const { lookup, asked } = resolver(addresses);
    expect(await sendTo(HOST, lookup)).toEqual(refusal(error));
    expect(asked()).toBe(1);
  });

  // Public names that are known to resolve so (PayloadsAllTheThings; ssrf-req-filter, test/blockUrls.txt).
  test.each<[string, string, string]>([
    ["localtest.me", "127.0.0.1", loopback],
    ["sub.localtest.me", "::1", loopback],
    ["customer1.app.localhost.my.company.127.0.0.1.nip.io", "127.0.0.1", loopback],
    ["127.0.0.1.nip.io", "127.0.0.1", loopback],
    ["169.254.169.254.nip.io", "169.254.169.254", link],
    ["a9fea9fe.nip.io", "169.254.169.254", link],
    ["www.owasp.org.1ynrnhl.xip.io", "169.254.169.254", link],
    ["metadata.nicob.net", "169.254.169.254", link],
    ["metadata.goog", "169.254.169.254", link],
    ["spoofed.burpcollaborator.net", "127.0.0.1", loopback],
    ["mail.ebc.apple.com", "127.0.0.6", loopback],
    ["bugbounty.dod.network", "127.0.0.2", loopback],
    ["lvh.me", "127.0.0.1", loopback],
    ["ssrf-169.254.169.254.localdomain.pw", "169.254.169.254", link],
    ["vault.svc", "10.0.0.1", "address is not public: private network (RFC 1918)"],
  ])("as %s does, %s", async (host, address, error) => {
    expect(await sendTo(host, resolver([address]).lookup)).toEqual(refusal(error));
  });
});

describe("a resolver that does not do as it should", () => {
  const answering =
    (...answers: unknown[]): LookupFunction =>
    (_hostname, _options, callback) => {
      for (const answer of answers) Reflect.apply(callback, undefined, [null, answer, 4]);
    };
  const one = (address: string, family: unknown = 4) => [{ address, family }];

  test.each<[string, unknown[], string]>([
    ["a bare text", ["127.0.0.1"], "host has no address"],
    ["a bare public text", [PUBLIC], "host has no address"],
    ["nothing", [undefined], "host has no address"],
    ["a private address as the other family", [one("127.0.0.1", 6)], loopback],
    ["private IPv6 as IPv4", [one("::1", 4)], loopback],
    ["a private address first, then a public one", [one("127.0.0.1"), one(PUBLIC)], loopback],
  ])("%s is refused", async (_, answers, error) => {
    expect(await sendTo(HOST, answering(...answers))).toEqual(refusal(error));
  });

  test.each<[string, unknown[]]>([
    ["a public address first, then a private one", [one(PUBLIC), one("127.0.0.1")]],
    ["the same twice", [one(PUBLIC), one(PUBLIC)]],
    ["the wrong family", [one(PUBLIC, 6)]],
    ["a family in words", [one(PUBLIC, "IPv4")]],
  ])("%s leads to the public address, once", async (_, answers) => {
    const result = await sendTo(HOST, answering(...answers));
    expect(result).toEqual({ status: 200, error: null, connections: [1, 0], handed: [PUBLIC] });
  });

  test("a second answer that comes later changes nothing", async () => {
    const internet = await smallInternet(() => ({ delayMs: 100 }));
    const { send } = sender({
      rules: internet.rules,
      lookup: (_hostname, _options, callback) => {
        callback(null, [{ address: PUBLIC, family: 4 }]);
        setTimeout(() => callback(null, [{ address: "127.0.0.1", family: 4 }]), 20);
      },
    });
    expect(await send({ ...hello, url: internet.urlOf(HOST) })).toMatchObject({ status: 200 });
    expect(internet.handed()).toEqual([PUBLIC]);
    expect(internet.canaryConnections()).toBe(0);
  });
});
