import { existsSync, readdirSync } from "node:fs";
import { mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { Webhook as Verifier } from "standardwebhooks";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { bundle } from "../../infra/bundling/bundle.ts";
import { eventJson } from "../support/factories.ts";
import { type LocalRun, startLocalRun, until } from "../support/local-run.ts";
import { type Answer, type Received, type Receiver, startReceiver } from "../support/receiver.ts";
import { pem } from "../support/tls.ts";

const functions = fileURLToPath(new URL("../../functions/", import.meta.url));
const certificate = fileURLToPath(new URL("../support/tls/cert.pem", import.meta.url));
const names = readdirSync(functions).filter((name) => existsSync(`${functions}${name}/handler.ts`));

const answers: Record<string, () => Answer> = {
  "/compressed": () => ({ headers: { "content-encoding": "gzip" }, body: gzipSync("thanks") }),
  "/in-pieces": () => (_request, response) => {
    response.writeContinue();
    response.write("tha");
    response.end("nks");
  },
  "/malformed": () => (request) => void request.socket.end("HTTP/1.1 two hundred\r\n\r\n"),
  "/refused": () => ({ status: isRefused ? 500 : 200 }),
  "/gone": () => ({ status: 410 }),
};
let isRefused = true;

let folder: string;
let receivers: Receiver[];
let local: LocalRun;

/** The whole product with what is deployed in the place of its sources. */
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "claimr-bundles-"));
  const answer = ({ path }: Received) => answers[path]?.() ?? {};
  receivers = await Promise.all([
    startReceiver(answer),
    startReceiver(answer, { key: pem("key"), cert: pem("cert") }),
  ]);
  await Promise.all(
    names.map(async function makeBundle(name) {
      await bundle(name, join(folder, name));
      await writeFile(join(folder, name, "handler.ts"), 'export { handler } from "./index.mjs";\n');
    }),
  );
  await symlink(`${functions}site/assets`, join(folder, "site/assets"));
  local = await startLocalRun(
    { RETRY_DELAYS_SECONDS: "1", SCHEDULE_FROM_SECONDS: "1", NODE_EXTRA_CA_CERTS: certificate },
    ["test/infra/support/bundled-run.ts", folder],
  );
});
afterAll(async () => {
  await Promise.all([local?.stop(), ...(receivers ?? []).map((receiver) => receiver.close())]);
  await rm(folder, { recursive: true, force: true });
});

const [plain, tls] = [0, 1].map((n) => (path: string) => receivers[n]?.url(path) ?? "") as [
  (path: string) => string,
  (path: string) => string,
];
const arrived = () => receivers.flatMap(({ requests }) => requests);

/** Registers endpoints and publishes an event for them. */
async function published(url: string[]) {
  const id = `event-${url.length}-${Math.random().toString(36).slice(2)}`;
  const { status, body } = await local.call("POST", "/webhooks", {
    scope: "user_activity",
    url,
    campaigns: [id],
  });
  expect(status).toBe(201);
  const accepted = await local.call("POST", "/events", eventJson({ id, campaign: { id, name: "bundles" } }));
  expect(accepted).toMatchObject({ status: 202, body: { id } });
  return { id, hook_id: String(body.hook_id), secret: String(body.secret) };
}

/** Its deliveries, once each has a status that these are. */
const settled = (hook_id: string, statuses: string[]) =>
  until(async () => {
    const { body } = await local.call("GET", `/deliveries?hook_id=${hook_id}`);
    const now: string[] = body.items.map(({ status }: { status: string }) => status);
    return now.sort().join() === statuses.join() && body.items;
  });

describe("what is deployed", () => {
  test("delivers over http and TLS, signed, whatever a receiver answers", async () => {
    const urls = ["/compressed", "/in-pieces"].flatMap((path) => [plain(path), tls(path)]);
    const { id, hook_id, secret } = await published(urls);
    await settled(
      hook_id,
      urls.map(() => "delivered"),
    );
    const requests = arrived().filter(({ headers }) => headers["webhook-id"] === id);
    expect(requests).toHaveLength(urls.length);
    for (const { body, headers } of requests)
      new Verifier(secret).verify(body.toString(), headers as Record<string, string>);
  });

  test("retries by a schedule, keeps what was never delivered, and sends it again when asked", async () => {
    const { hook_id } = await published([plain("/refused"), plain("/malformed"), tls("/gone")]);
    await settled(hook_id, ["undelivered", "undelivered", "undelivered"]);
    // Rows are written once the records are.
    const items = await until(async () => {
      const { body } = await local.call("GET", `/undelivered?hook_id=${hook_id}`);
      return body.items.length === 3 && body.items;
    });
    const last = items.map(({ attempts }: { attempts: { error: string }[] }) => attempts.at(-1)?.error);
    expect(last.sort()).toEqual(["answered 410", "answered 500", "malformed HTTP response"]);
    const refused = items.find(({ url }: { url: string }) => url === plain("/refused"));
    isRefused = false;
    const again = await local.call("POST", `/undelivered/${refused.id}/redeliver`);
    expect(again.status).toBe(202);
    await settled(hook_id, ["delivered", "undelivered", "undelivered"]);
  });

  test("tells a refused condition from a failure: a taken id is a conflict", async () => {
    const registration = { hook_id: "taken", scope: "user_login", url: plain("/taken") };
    expect(await local.call("POST", "/webhooks", registration)).toMatchObject({ status: 201 });
    expect(await local.call("POST", "/webhooks", registration)).toMatchObject({ status: 409 });
    expect(await local.call("DELETE", "/webhooks/taken")).toMatchObject({ status: 204 });
  });

  test("sends a test, and serves the pages", async () => {
    const url = tls("/tested");
    const { body } = await local.call("POST", "/webhooks", { scope: "user_login", url });
    const tested = await local.call("POST", `/webhooks/${body.hook_id}/test`, { user: "someone" });
    expect(tested).toMatchObject({ status: 200, body: { results: [{ url, delivered: true }] } });
    for (const path of ["/health", "/openapi.json", "/docs", "/console"])
      expect((await local.call("GET", path, undefined, null)).status, path).toBe(200);
  });

  test("never reached what is left out", () => {
    expect(local.output()).not.toContain("left out of the bundles");
  });
});
