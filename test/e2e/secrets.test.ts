import { readFileSync } from "node:fs";
import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { SendMessageCommand, SQSClient } from "@aws-sdk/client-sqs";
import { DynamoDBDocumentClient, PutCommand } from "@aws-sdk/lib-dynamodb";
import { afterAll, beforeAll, expect, test } from "vitest";
import { clientOptions, localSettings } from "../../infra/local/settings.ts";
import { synthesize } from "../../infra/local/template/synthesize.ts";
import { deployedSettings } from "../../infra/settings.ts";
import type { Answer } from "../support/call-api.ts";
import { aMessage, aWebhook, eventJson } from "../support/factories.ts";
import { type LocalRun, startLocalRun, until } from "../support/local-run.ts";
import { type Receiver, startReceiver } from "../support/receiver.ts";

const made = (name: string) => `canary-${name}-q7zx`;
const base64 = (name: string) => Buffer.from(made(name)).toString("base64");
/** Given in the course of the journey. What the API makes itself joins them. */
const secrets = [made("free-text"), base64("encoded"), made("rotated"), made("refused"), made("poisoned")];
const apiKeys: string[] = [];
/** An integrator's own credentials for the way to his endpoint: shown to him, and to nobody who reads a log. */
const urlParts = [made("path"), made("query")];
/** What an event says of a user. */
const personal = [made("email"), made("user"), made("wallet")];
const response = made("response");

let local: LocalRun;
let receiver: Receiver;
let key = "";
/** Every answer of the API, with what was asked. */
const answers: { request: string; answer: Answer }[] = [];

async function call(method: string, path: string, body?: unknown, as = key): Promise<Answer> {
  const answer = await local.call(method, path, body, as);
  answers.push({ request: `${method} ${path}`, answer });
  return answer;
}

const withToken = (origin: string) => `${origin}/${urlParts[0]}?token=${urlParts[1]}`;
const webhook = (hook_id: string, fields: Record<string, unknown> = {}) => ({
  ...{ hook_id, scope: "user_activity", url: withToken(receiver.url("").replace(/\/$/, "")), ...fields },
});
const event = (id: string, fields: Record<string, unknown> = {}) => {
  const [email, user, wallet] = personal;
  return eventJson({ id, email, user, wallet, ...fields });
};

async function makeKey(account: string): Promise<string> {
  const args = ["create", "--account", account, "--role", "integrator", "--role", "publisher"];
  const { stdout } = await local.keys(...args);
  apiKeys.push(stdout.trim());
  // The one time that a key is shown; lists and revocations say its id.
  for (const more of [["list"], ["list", "--account", account], ["revoke", "key_nobodys"]]) {
    const { stdout: out, stderr: err } = await local.keys(...more);
    expect(out + err).not.toContain(stdout.trim());
  }
  return stdout.trim();
}

async function registerAndRotate(): Promise<void> {
  await call("POST", "/webhooks", webhook("free", { secret: secrets[0] }));
  await call("POST", "/webhooks", webhook("encoded", { secret: `whsec_${secrets[1]}`, scope: "referral" }));
  secrets.push((await call("POST", "/webhooks", webhook("made", { scope: "user_login" }))).body.secret);
  await call("POST", "/webhooks/free/secret", { secret: secrets[2] });
  secrets.push((await call("POST", "/webhooks/free/secret")).body.secret);
  // Nobody listens there.
  await call("PATCH", "/webhooks/encoded", { url: withToken("http://127.0.0.1:1") });
  for (const hook of ["free", "encoded", "made"])
    await call("POST", `/webhooks/${hook}/test`, { user: personal[1] });
}

async function askWrongly(): Promise<void> {
  const secret = secrets[3];
  for (const body of [
    webhook("free", { secret }),
    webhook("bad", { secret: `whsec_${secret}` }),
    webhook("bad", { secret: [secret] }),
    webhook("bad", { secret: secret?.repeat(30) }),
    webhook("bad", { secret, scope: secret, campaigns: secret }),
    webhook("bad", { secret, url: `https://${secret}@${secret}.invalid/` }),
    `{"secret":"${secret}`,
    `{"secret": ${secret}}`,
    `"${secret}"`,
  ]) {
    await call("POST", "/webhooks", body);
    await call("POST", "/webhooks/free/secret", body);
    await call("PATCH", "/webhooks/free", body);
  }
  for (const body of [
    `{"email":"${personal[0]}`,
    event("a.b"),
    event("bad", { scope: personal[1] }),
    `[${event("x")}]`,
  ]) {
    await call("POST", "/events", body);
    await call("POST", "/events/batch", `{"events":[${body}]}`);
  }
  for (const as of [`${key}x`, secret ?? "", ` ${key} ${key}`]) await call("GET", "/webhooks", undefined, as);
  await call("GET", `/webhooks/${secret}`);
  await call("GET", `/deliveries?cursor=${secret}&hook_id=${secret}&status=${secret}`);
}

/** Until all has been given up, is taken up again, and is given up again. */
async function failAndRedeliver(): Promise<void> {
  await call("POST", "/events", event("first"));
  await call("POST", "/events/batch", `{"events":[${event("second", { scope: "referral" })}]}`);
  const rows = async () => (await local.call("GET", "/undelivered", undefined, key)).body.items;
  await until(async () => (await rows()).length === 2);
  for (const { id } of await rows()) {
    await call("GET", `/undelivered/${id}`);
    await call("GET", `/deliveries/${id}`);
  }
  const [one] = await rows();
  await call("POST", `/undelivered/${one.id}/redeliver`);
  const { job_id } = (
    await call("POST", "/undelivered/redeliver", { hook_id: one.hook_id === "free" ? "encoded" : "free" })
  ).body;
  await until(async () => (await call("GET", `/jobs/${job_id}`)).body.status === "done");
  await until(async () => (await rows()).length === 2);
  for (const path of [
    "/webhooks",
    "/webhooks/free",
    "/deliveries",
    "/deliveries?status=undelivered",
    "/undelivered",
  ])
    await call("GET", path);
  await call("DELETE", `/undelivered/${one.id}`);
}

/** What nobody should find on a queue or in a table: written by a bug, or by hand. */
async function poison(): Promise<void> {
  const { services } = local;
  const sqs = new SQSClient(clientOptions(services.sqs));
  const dynamoDb = DynamoDBDocumentClient.from(new DynamoDBClient(clientOptions(services.dynamodb)));
  const [canary] = personal;
  const bodies = [
    canary,
    `{"email": ${canary}}`,
    JSON.stringify({ ...aMessage({ account: "poisoned" }), body: [canary], scope: canary, url: canary }),
    JSON.stringify({ account: "poisoned", events: [{ id: canary, body: canary }] }),
    JSON.stringify({
      "detail-type": canary,
      id: "x",
      time: canary,
      detail: { account: "demo", event: canary },
    }),
    JSON.stringify({ kind: canary, delivery_id: canary }),
  ];
  for (const [name, QueueUrl] of Object.entries(services.queues)) {
    if (/dlq|dead/i.test(name)) continue;
    for (const MessageBody of bodies) await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody }));
  }
  const webhooks = Object.entries(services.tables).find(([name]) => /webhooks/i.test(name))?.[1];
  const { disabled_urls: _, ...stored } = aWebhook({ account: "poisoned", hook_id: "broken" });
  const Item = { ...stored, status: secrets[4], secrets: [{ secret: secrets[4], expires_at: secrets[4] }] };
  await dynamoDb.send(new PutCommand({ TableName: webhooks, Item }));
  const as = await makeKey("poisoned");
  expect((await call("GET", "/webhooks/broken", undefined, as)).status).toBe(500);
  expect((await call("GET", "/webhooks", undefined, as)).body.items).toEqual([]);
  await call("POST", "/webhooks/broken/secret", {}, as);
  await call("POST", "/webhooks/broken/test", { user: personal[1] }, as);
  await call("POST", "/events", event("poisoned"), as);
  const failures = () => local.output().match(/"message\.failed"/g)?.length ?? 0;
  await until(() => failures() >= 3 * bodies.length);
  sqs.destroy();
  dynamoDb.destroy();
}

beforeAll(async () => {
  receiver = await startReceiver(() => ({ status: 500, body: response }));
  local = await startLocalRun({ RETRY_DELAYS_SECONDS: "1" });
  key = await makeKey("canary");
  await registerAndRotate();
  await askWrongly();
  await failAndRedeliver();
  await poison();
  await call("DELETE", "/webhooks/made");
}, 90_000);
afterAll(async () => {
  await Promise.all([local?.stop(), receiver?.close()]);
});

const holds = (text: string, canaries: readonly string[]) =>
  canaries.filter((canary) => text.includes(canary));
/** Also in another spelling: a secret's bytes, a URL's escapes. */
const everySpelling = (canaries: readonly string[]) =>
  canaries.flatMap((canary) => [
    canary,
    Buffer.from(canary).toString("base64").replace(/=+$/, ""),
    Buffer.from(canary, "base64").toString(),
    ...(canary.startsWith("whsec_") ? [canary.slice(6)] : []),
  ]);

test("what the run prints holds no secret, no key, no URL beyond its origin, and nothing of an event", () => {
  const printed = local.output();
  const all = [...secrets, ...apiKeys, ...urlParts, ...personal, response];
  expect(
    holds(
      printed,
      everySpelling(all).filter((text) => text.length > 8),
    ),
  ).toEqual([]);
  // Metrics are for CloudWatch, and would only fill the terminal.
  expect(printed).not.toContain("_aws");
  // It did print what happened, failures included.
  for (const event of ["delivery.attempted", "request.failed", "message.failed"])
    expect(printed).toContain(event);
});

test("a secret is in the one answer that shows it, and in no other", () => {
  for (const secret of secrets) {
    const shown = answers.filter(({ answer }) => JSON.stringify(answer.body).includes(secret));
    const requests = shown.map(({ request }) => request);
    // Refused ones and those that were only stored are in none.
    const isAccepted = secret !== secrets[3] && secret !== secrets[4];
    expect([secret, requests.length]).toEqual([secret, isAccepted ? 1 : 0]);
    for (const request of requests) expect(request).toMatch(/^POST \/webhooks(\/free\/secret)?$/);
    for (const { answer } of shown) expect(answer.headers.get("cache-control")).toBe("no-store");
  }
});

test("no answer holds an API key, nor has a header anything of any", () => {
  for (const { request, answer } of answers) {
    const text = JSON.stringify(answer.body);
    expect([request, holds(text, apiKeys)]).toEqual([request, []]);
    const headers = JSON.stringify([...answer.headers]);
    expect([request, holds(headers, [...secrets, ...apiKeys, ...urlParts, ...personal])]).toEqual([
      request,
      [],
    ]);
  }
});

test("what an event says of a user is shown by GET /undelivered/{id} alone", () => {
  const showing = answers.filter(({ answer }) => holds(JSON.stringify(answer.body), personal).length > 0);
  expect(showing.length).toBe(2);
  for (const { request } of showing) expect(request).toMatch(/^GET \/undelivered\/dlv_/);
});

test("a refusal repeats nothing that it refuses", () => {
  const refusals = answers.filter(({ answer }) => answer.status >= 400);
  expect(refusals.length).toBeGreaterThan(40);
  for (const { request, answer } of refusals) {
    const said = holds(JSON.stringify(answer.body), [...secrets, ...urlParts, ...personal, response]);
    expect([request, said]).toEqual([request, []]);
  }
});

test("the template and the API's document hold no secret, nor a place that one would be logged at", () => {
  const environment = { LOCAL_API_KEY: made("key"), RETRY_DELAYS_SECONDS: "7" };
  const stacks = [
    localSettings(environment).stack,
    ...["dev", "prod"].map((name) => deployedSettings(name, environment)),
  ];
  for (const stack of stacks) {
    const template = JSON.stringify(synthesize(stack));
    // The environment was read, and only what is meant for the functions went in.
    expect(template).toContain('"RETRY_DELAYS_SECONDS":"7"');
    expect(template).not.toMatch(/canary|whsec_|claimr_[\w-]{20}/);
    // API Gateway's "full request and response" log would have the bodies and the keys.
    expect(template).not.toMatch(/"DataTraceEnabled":true|"LoggingLevel":"INFO"/);
    expect(template).not.toMatch(/"(ApplicationLogLevel|SystemLogLevel)":"(TRACE|DEBUG)"/);
  }
  const document = readFileSync(new URL("../../docs/openapi.json", import.meta.url), "utf8");
  expect(document).not.toMatch(/canary|whsec_[A-Za-z0-9+/]{8}|claimr_[\w-]{20}/);
});
