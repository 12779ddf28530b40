import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { endpointUrlProblem } from "../../shared/domain/endpoint-url.ts";
import { closedRules, openRules } from "../support/sending.ts";
import { accepted } from "./ssrf/accepted.ts";
import { clouds } from "./ssrf/clouds.ts";
import { ipv4Spellings } from "./ssrf/ipv4-spellings.ts";
import { ipv6 } from "./ssrf/ipv6.ts";
import { namesAndPorts } from "./ssrf/names-and-ports.ts";
import { wordsOfRule } from "./ssrf/rules.ts";
import { urlConfusion } from "./ssrf/url-confusion.ts";

const groups = [...ipv4Spellings, ...ipv6, ...clouds, ...namesAndPorts, ...urlConfusion];
const refused = groups.flatMap(({ rows }) => rows);
const problem = (url: string) => endpointUrlProblem(url, closedRules);

describe("as deployed, there is refused by the rule that says so", () => {
  describe.each(groups)("$source", ({ rows }) => {
    test.each(rows)("%j: %s", (url, rule) => expect(problem(url)).toContain(wordsOfRule[rule]));
  });

  test("250 different inputs of public origin at least", () => {
    expect(new Set(refused.map(([url]) => url)).size).toBe(refused.length);
    expect(refused.length).toBeGreaterThanOrEqual(250);
  });

  test("and a rule's words are no other rule's", () => {
    for (const [url] of refused) {
      const said = Object.values(wordsOfRule).filter((words) => problem(url)?.includes(words));
      expect(said, url).toHaveLength(1);
    }
  });

  test("every one of them by http: too", () => {
    for (const [url] of refused) expect(problem(url.replace(/^https:/, "http:")), url).toBeDefined();
  });
});

describe("as deployed, there is accepted", () => {
  test.each(accepted)("%s: %s", (url) => {
    expect(problem(url)).toBeUndefined();
    expect(endpointUrlProblem(url, openRules)).toBeUndefined();
    expect(problem(url.replace(/^https:/i, "http:"))).toBe("must use https, so that nobody reads along");
  });

  test("50 URLs at least", () =>
    expect(new Set(accepted.map(([url]) => url)).size).toBeGreaterThanOrEqual(50));
});

describe("a refusal", () => {
  test.each([
    [
      "https://169.254.169.254/x",
      "must not point to 169.254.169.254: link-local (RFC 3927, RFC 4291), where clouds keep their metadata",
    ],
    [
      "https://0x7f.1/",
      "must not point to 127.0.0.1: loopback, which is the machine itself (RFC 1122, RFC 4291)",
    ],
    [
      "https://[::FFFF:10.0.0.1]/",
      "must not point to ::ffff:a00:1: an IPv4 address wrapped in IPv6 (IPv4-mapped, RFC 4291)",
    ],
    [
      "https://wiki.internal./",
      'must not point to wiki.internal: names in "internal" are for private networks (ICANN, 2024)',
    ],
    ["https://wiki/", "must not point to wiki: a name without a dot is one of a local network (RFC 7085)"],
    ["https://example.com:22/", "must use port 443 or 8443, the ones open to endpoints"],
  ])("of %s names the rule and why", (url, words) => expect(problem(url)).toBe(words));

  test("of a port goes by the settings, 443 included", () => {
    const rules = { allowPrivate: false, ports: [8443, 9443, 10443] };
    expect(endpointUrlProblem("https://example.com:9443/", rules)).toBeUndefined();
    for (const url of ["https://example.com/", "https://example.com:443/", "https://example.com:444/"]) {
      expect(endpointUrlProblem(url, rules)).toBe(
        "must use port 8443 or 9443 or 10443, the ones open to endpoints",
      );
    }
  });

  test("for length comes at 2049 characters", () => {
    expect(problem(`https://example.com/${"a".repeat(2048 - 19)}`)).toBe(wordsOfRule.length);
  });
});

describe("where private endpoints are allowed", () => {
  test.each([
    "http://127.0.0.1:4000/",
    "http://localhost/",
    "http://[::1]:8080/",
    "http://receiver:9000/",
    "https://10.0.0.1:9443/",
    "http://host.docker.internal:3000/hook",
  ])("%s is one", (url) => expect(endpointUrlProblem(url, openRules)).toBeUndefined());

  test.each([
    ["", "absolute"],
    ["/claimr", "absolute"],
    ["https://999.1.1.1/", "absolute"],
    ["http:example.com", "absolute"],
    ["https://./", "host"],
    ["ftp://example.com/", "must use http or https"],
    ["https://user@example.com/", "user name"],
    ["https://@example.com/", "user name"],
    ["https://example.com/#top", "fragment"],
    ["https://example.com/#", "fragment"],
    ["https://exam\nple.com/", "control"],
    ["https://example.com\\x", "backslash"],
  ])("%j is none either", (url, words) => expect(endpointUrlProblem(url, openRules)).toContain(words));
});

describe("whatever the text", () => {
  const part = fc.oneof(
    fc.webUrl(),
    fc.constantFrom("https://", "@", "#", "[", "]", ":8443", "\\", "//", "127.0.0.1", "%", "。", "xn--"),
    fc.string({ unit: "grapheme" }),
    fc.string({ unit: "binary" }),
  );
  const text = fc.array(part, { maxLength: 4 }).map((parts) => parts.join(""));

  test("it never throws, and what it lets through is an https URL on an allowed port", () => {
    fc.assert(
      fc.property(text, (given) => {
        endpointUrlProblem(given, openRules);
        if (problem(given) !== undefined) return;
        expect(new URL(given)).toMatchObject({ protocol: "https:", username: "", password: "", hash: "" });
        expect(["", "8443"]).toContain(new URL(given).port);
      }),
      { numRuns: 2_000 },
    );
  });

  test("nothing around a refused host makes it an accepted one", () => {
    const hosts = refused
      .map(([url]) => /^https:\/\/([^/?#\\]*)\/?/.exec(url)?.[1])
      .filter((host) => host !== undefined && problem(`https://${host}/`) !== undefined)
      .map((host) => host ?? "");
    expect(hosts.length).toBeGreaterThan(200);
    const port = /:\d+$/;
    const around = fc.record({
      path: fc.webPath(),
      query: fc.option(fc.webQueryParameters()),
      port: fc.constantFrom("", ":443", ":8443"),
      dot: fc.constantFrom("", "."),
      upper: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.constantFrom(...hosts), around, (host, { path, query, dot, upper, ...rest }) => {
        const isOfName = !host.endsWith("]") && !host.endsWith(".") && !port.test(host);
        const dotted = isOfName ? host + dot : host;
        const cased = upper ? dotted.toUpperCase() : dotted;
        const url = `https://${cased}${port.test(host) ? "" : rest.port}${path}${query ? `?${query}` : ""}`;
        expect(problem(url), url).toBeDefined();
      }),
      { numRuns: 2_000 },
    );
  });
});
