import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { eventJson } from "../support/factories.ts";
import { type LocalRun, startLocalRun, until } from "../support/local-run.ts";
import { type Receiver, startReceiver } from "../support/receiver.ts";

let canary: Receiver;
let dataDir: string;
let local: LocalRun | undefined;
let urls: string[];
/** How often the canary was connected to while that was allowed. */
let before = 0;

const scope = "user_activity";
const loopback = "loopback, which is the machine itself (RFC 1122, RFC 4291)";

beforeAll(async () => {
  canary = await startReceiver();
  dataDir = await mkdtemp(join(tmpdir(), "claimr-ssrf-"));
  const { host, port } = new URL(canary.url());
  urls = [`https://${host}/`, `http://${host}/`, `https://localhost:${port}/`, `https://[::1]:${port}/`];

  const open = await startLocalRun({ DATA_DIR: dataDir });
  const registered = await open.call("POST", "/webhooks", { scope, url: urls, hook_id: "laxer-days" });
  expect(registered.status).toBe(201);
  await open.call("POST", "/webhooks/laxer-days/test", { user: "u" });
  before = canary.connections();
  expect(before).toBeGreaterThan(1);
  await open.stop();

  local = await startLocalRun({
    DATA_DIR: dataDir,
    ALLOW_PRIVATE_ENDPOINTS: "false",
    ENDPOINT_PORTS: `443,${port}`,
    RETRY_DELAYS_SECONDS: "1",
  });
});
afterAll(async () => {
  await local?.stop();
  await canary?.close();
  if (dataDir) await rm(dataDir, { recursive: true });
});

const call: LocalRun["call"] = async (...args) => {
  if (!local) throw new Error("not started");
  return local.call(...args);
};

/** What each of the webhook's URLs must be told at every attempt. */
const refusals = () => [
  `URL refused: must not point to 127.0.0.1: ${loopback}`,
  "URL refused: must use https, so that nobody reads along",
  'URL refused: must not point to localhost: names in "localhost" are for the machine itself (RFC 6761)',
  `URL refused: must not point to ::1: ${loopback}`,
];

describe("with private endpoints forbidden", () => {
  test.each([
    ["http://hooks.example.com/", "must use https, so that nobody reads along"],
    [
      "https://169.254.169.254/latest/meta-data/",
      "must not point to 169.254.169.254: link-local (RFC 3927, RFC 4291), where clouds keep their metadata",
    ],
    ["https://0x7f.1/", `must not point to 127.0.0.1: ${loopback}`],
    [
      "https://[::ffff:10.0.0.1]/",
      "must not point to ::ffff:a00:1: an IPv4 address wrapped in IPv6 (IPv4-mapped, RFC 4291)",
    ],
    [
      "https://metadata.google.internal/",
      'must not point to metadata.google.internal: names in "internal" are for private networks (ICANN, 2024)',
    ],
    ["https://example.com@169.254.169.254/", "must not contain a user name or password"],
    [
      "https://example.com\\@169.254.169.254/",
      "must not contain a backslash, which some programs read as a slash",
    ],
  ])("POST and PATCH of %s are refused, naming the rule and why", async (url, message) => {
    const posted = await call("POST", "/webhooks", { scope, url });
    expect([posted.status, posted.body.errors]).toEqual([422, [{ path: "url", message }]]);
    const patched = await call("PATCH", "/webhooks/laxer-days", { url: ["https://example.com/", url] });
    expect([patched.status, patched.body.errors]).toEqual([422, [{ path: "url.1", message }]]);
  });

  test("ENDPOINT_PORTS says which ports are open", async () => {
    const { port } = new URL(canary.url());
    const refused = await call("POST", "/webhooks", { scope, url: "https://example.com:8443/" });
    expect([refused.status, refused.body.errors]).toEqual([
      422,
      [{ path: "url", message: `must use port 443 or ${port}, the ones open to endpoints` }],
    ]);
    const accepted = await call("POST", "/webhooks", {
      scope: "referral",
      url: `https://example.com:${port}/`,
    });
    expect(accepted.status).toBe(201);
  });

  test("a test send to endpoints of laxer days connects to none of them", async () => {
    const { status, body } = await call("POST", "/webhooks/laxer-days/test", { user: "u" });
    expect(status).toBe(200);
    const results = body.results.map(({ url, delivered, error }: Record<string, unknown>) => [
      url,
      delivered,
      error,
    ]);
    expect(results).toEqual(urls.map((url, i) => [url, false, refusals()[i]]));
    expect(canary.connections()).toBe(before);
  });

  test("nor does a delivery, at any of its attempts", async () => {
    expect((await call("POST", "/events", eventJson({ id: "evt-ssrf" }))).status).toBe(202);
    const items = await until(async () => {
      const { body } = await call("GET", "/deliveries?hook_id=laxer-days&status=undelivered");
      return body.items.length === urls.length && body.items;
    });
    for (const { url, attempts } of items) {
      const expected = refusals()[urls.indexOf(url)];
      expect(attempts.map(({ error }: { error: string }) => error)).toEqual([expected, expected]);
    }
    expect(canary.connections()).toBe(before);
  });
});
