import { randomUUID } from "node:crypto";
import { DeleteCommand } from "@aws-sdk/lib-dynamodb";
import { afterAll, beforeAll, beforeEach, expect, test, vi } from "vitest";
import * as z from "zod";
import { type Invoke, loadFunctions, setFunctionEnvironment } from "../../infra/local/lambda/lambda.ts";
import { createWebhookTable } from "../../shared/aws/webhook-table.ts";
import type { Webhook } from "../../shared/domain/webhook.ts";
import { log } from "../../shared/log.ts";
import { watchAwsCalls } from "../support/aws-calls.ts";
import { aMessage, eventJson } from "../support/factories.ts";
import { type Received, type Receiver, startReceiver } from "../support/receiver.ts";
import { startServices } from "../support/services.ts";

let services: Awaited<ReturnType<typeof startServices>>;
let receiver: Receiver;
let invoke: Invoke;
/** How the endpoints answer; each is a path. */
let answer: { status?: number; delayMs?: number };
beforeAll(async () => {
  vi.spyOn(log, "info").mockReturnValue();
  [services, receiver] = await Promise.all([startServices(), startReceiver(() => answer)]);
  const lambdas = services.functions.filter(({ name }) => ["deliver", "webhooks"].includes(name));
  setFunctionEnvironment(lambdas, { ...services.urls, scheduler: "http://127.0.0.1:9" });
  invoke = await loadFunctions(lambdas, new URL("../../functions/", import.meta.url));
});
afterAll(() => Promise.all([services?.stop(), receiver?.close()]));

let account: string;
beforeEach(() => {
  account = randomUUID();
  answer = {};
});

const apiAnswer = z.object({ statusCode: z.number(), body: z.string() });
async function call(method: string, resource: string, body: object, hook_id = "") {
  const requestContext = { authorizer: { account, roles: "integrator" } };
  const event = { httpMethod: method, resource, body: JSON.stringify(body), isBase64Encoded: false };
  const given = { ...event, pathParameters: { hook_id }, queryStringParameters: null, requestContext };
  const { statusCode, body: text } = apiAnswer.parse(await invoke("webhooks", given));
  expect(statusCode, text).toBeLessThan(300);
}

/** Registers an endpoint by path. @returns the webhook as what is on its way knows it */
async function register(path: string): Promise<Webhook> {
  const hook_id = path.slice(1);
  await call("POST", "/webhooks", { scope: "user_activity", url: receiver.url(path), hook_id });
  const table = createWebhookTable(services.dynamoDb, services.table("StorageWebhooks"));
  const registered = await table.find(account, hook_id);
  if (!registered) throw new Error("It is not there");
  return registered;
}

/** Hands the function a batch with a message for each webhook. @returns what came to the endpoints of it */
async function deliver(...webhooks: readonly Webhook[]): Promise<readonly Received[]> {
  const before = receiver.requests.length;
  const Records = webhooks.map(({ hook_id, registration, urls: [url = ""] }) => {
    const event = { event_id: randomUUID(), body: eventJson(), due_at: new Date().toISOString() };
    return {
      ...{ messageId: randomUUID(), attributes: { ApproximateReceiveCount: "1" }, messageAttributes: {} },
      body: JSON.stringify(aMessage({ account, hook_id, registration, url, ...event })),
    };
  });
  expect(await invoke("deliver", { Records })).toEqual({ batchItemFailures: [] });
  return receiver.requests.slice(before);
}

/** Delivers until the webhooks are kept. */
async function warmUp(...webhooks: readonly Webhook[]): Promise<void> {
  for (let batch = 0; batch < 2; batch++) await deliver(...webhooks);
}

/** The AWS calls of what is done, by operation. */
async function callsOf(act: () => Promise<unknown>): Promise<string[]> {
  const calls: string[] = [];
  const watch = watchAwsCalls(({ target }) => calls.push(target.replace("DynamoDB_20120810.", "")));
  await act();
  watch.stop();
  return calls;
}

test("a batch reads in one request, whether its webhooks are kept or not, and in two after a change", async () => {
  const reads = async (...webhooks: readonly Webhook[]) =>
    (await callsOf(() => deliver(...webhooks))).filter((name) => name === "BatchGetItem").length;
  const kept: Webhook[] = [];
  for (let n = 0; n < 5; n++) kept.push(await register(`/${n}`));
  const more: Webhook[] = [];
  for (let n = 5; n < 10; n++) more.push(await register(`/${n}`));
  for (let batch = 0; batch < 4; batch++) expect(await reads(...kept)).toBe(1);
  expect(await reads(...kept, ...more)).toBe(1);
  const another = await register("/another");
  expect(await reads(...kept, ...more, another)).toBe(2);
  expect(await reads(...kept, ...more, another)).toBe(1);
});

test("a webhook is kept: its item is not read while nobody has written to it by the API", async () => {
  const webhook = await register("/kept");
  await warmUp(webhook);
  const Key = { account, hook_id: webhook.hook_id };
  await services.dynamoDb.send(new DeleteCommand({ TableName: services.table("StorageWebhooks"), Key }));
  expect(await deliver(webhook)).toHaveLength(1);
});

test("a secret that replaces another without overlap signs the next delivery, alone", async () => {
  const webhook = await register("/rotated");
  await warmUp(webhook);
  await call("POST", "/webhooks/{hook_id}/secret", { overlap_seconds: 3_600 }, webhook.hook_id);
  const signatures = async () =>
    (await deliver(webhook)).map(({ headers }) => String(headers["webhook-signature"]).split(" ").length);
  expect(await signatures()).toEqual([2]);
  await call("POST", "/webhooks/{hook_id}/secret", { overlap_seconds: 0 }, webhook.hook_id);
  expect(await signatures()).toEqual([1]);
});

test.each<[string, (id: string) => Promise<void>]>([
  ["deleted", (id) => call("DELETE", "/webhooks/{hook_id}", {}, id)],
  ["given another URL", (id) => call("PATCH", "/webhooks/{hook_id}", { url: receiver.url("/new") }, id)],
  ["disabled", (id) => call("PATCH", "/webhooks/{hook_id}", { status: "disabled" }, id)],
])("a webhook that was %s gets nothing more of what is on its way", async (_, act) => {
  const webhook = await register("/changed");
  await warmUp(webhook);
  await act(webhook.hook_id);
  expect(await deliver(webhook)).toEqual([]);
});

test("an endpoint that is gone is not called again", async () => {
  const webhook = await register("/gone");
  await warmUp(webhook);
  answer = { status: 410 };
  expect(await deliver(webhook)).toHaveLength(1);
  expect(await deliver(webhook)).toEqual([]);
});

test("what comes for an endpoint that was slow is put on the slow lane", async () => {
  const webhook = await register("/slow");
  await warmUp(webhook);
  answer = { delayMs: 1_200 };
  expect(await deliver(webhook)).toHaveLength(1);
  const calls = await callsOf(async () => expect(await deliver(webhook)).toEqual([]));
  expect(calls).toContain("AmazonSQS.SendMessageBatch");
});
