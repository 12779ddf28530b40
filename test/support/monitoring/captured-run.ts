import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { SendMessageCommand, SQSClient } from "@aws-sdk/client-sqs";
import { DynamoDBDocumentClient, GetCommand, PutCommand } from "@aws-sdk/lib-dynamodb";
import { vi } from "vitest";
import * as z from "zod";
import { startLocalRun } from "../../../infra/local/run.ts";
import { clientOptions, localSettings } from "../../../infra/local/settings.ts";
import { aMessage, aWebhook, eventJson } from "../factories.ts";
import { until } from "../local-run.ts";
import { startReceiver } from "../receiver.ts";
import { captureLambdaLines } from "./lambda-console.ts";

/** As long as an endpoint has to take to count as slow. */
const SLOW_ANSWER_MS = 2_300;
const LATE_MS = 20_000;

const served = z.object({
  tables: z.object({ StorageWebhooks: z.string() }),
  outputs: z.object({ DeliveriesQueueUrl: z.url(), EventsQueueUrl: z.url() }),
});

/**
 * Lives through what the runbook asks about, by the local run's functions in this very process, and returns what
 * they logged. All is of the account `demo`:
 * - event `arrives`, to one endpoint, and `twofold`, which another endpoint refuses at first: a retry, given up,
 *   redelivered, delivered;
 * - event `waits`, to an endpoint that is slow; `unwanted`, to a webhook that is disabled;
 * - event `late`, whose second attempt comes 20 s late;
 * - a message that cannot be read, and a webhook that cannot be, which a request asks for.
 */
export async function captureRun() {
  vi.stubEnv("POWERTOOLS_METRICS_DISABLED", "false");
  const captured = captureLambdaLines();
  let isRepaired = false;
  const receiver = await startReceiver(({ path }) => ({
    status: path === "/refuses" && !isRepaired ? 500 : 200,
    delayMs: path === "/slow" ? SLOW_ANSWER_MS : 0,
  }));
  const run = await startLocalRun(
    localSettings({ PORT: "0", DATA_DIR: ":memory:", RETRY_DELAYS_SECONDS: "1" }),
  );
  const dynamoDb = DynamoDBDocumentClient.from(new DynamoDBClient(clientOptions(run.services.dynamodb)));
  const sqs = new SQSClient(clientOptions(run.services.sqs));

  async function call(method: string, path: string, body?: unknown): Promise<unknown> {
    const response = await fetch(run.url + path, {
      method,
      headers: { authorization: `Bearer ${run.apiKey}` },
      ...(body !== undefined && { body: typeof body === "string" ? body : JSON.stringify(body) }),
    });
    return response.json();
  }
  const publish = (id: string, scope: string) => call("POST", "/events", eventJson({ id, scope }));
  const register = (hook_id: string, scope: string, path: string) =>
    call("POST", "/webhooks", { hook_id, scope, url: receiver.url(path) });
  const logged = (...parts: string[]) =>
    until(() => captured.events.some(({ line }) => parts.every((part) => line.includes(part))), 20_000);

  try {
    const { tables, outputs } = served.parse(await call("GET", "/_local"));
    await register("good", "user_activity", "/good");
    await register("bad", "referral", "/refuses");
    await register("slow", "user_reward", "/slow");
    await register("off", "user_login", "/good");
    await call("PATCH", "/webhooks/off", { status: "disabled" });

    await publish("arrives", "user_activity");
    await publish("twofold", "referral");
    await publish("waits", "user_reward");
    await publish("unwanted", "user_login");
    await logged('"twofold"', '"decision":"undelivered"');
    isRepaired = true;
    const page = z
      .object({ items: z.array(z.object({ id: z.string(), event_id: z.string() })) })
      .parse(await until(async () => hasItems(await call("GET", "/undelivered?hook_id=bad"))));
    await call("POST", `/undelivered/${page.items[0]?.id}/redeliver`);
    await logged('"twofold"', '"decision":"delivered"');
    await logged("endpoint.slow");
    await logged('"unwanted"', "delivery.ended");

    const Key = { account: "demo", hook_id: "good" };
    const { Item } = await dynamoDb.send(new GetCommand({ TableName: tables.StorageWebhooks, Key }));
    const { registration } = z.object({ registration: z.string() }).parse(Item);
    const late = aMessage({
      ...{ ...Key, registration, event_id: "late", url: receiver.url("/good"), attempt: 2 },
      due_at: new Date(Date.now() - LATE_MS).toISOString(),
    });
    const send = (QueueUrl: string, MessageBody: string) =>
      sqs.send(new SendMessageCommand({ QueueUrl, MessageBody }));
    await send(outputs.DeliveriesQueueUrl, JSON.stringify(late));
    await send(outputs.EventsQueueUrl, "no JSON");
    const broken = { ...aWebhook({ account: "demo", hook_id: "broken" }), status: "neither" };
    await dynamoDb.send(new PutCommand({ TableName: tables.StorageWebhooks, Item: broken }));
    await call("GET", "/webhooks/broken");
    await logged('"late"', "delivery.attempted");
    await logged("message.failed");
    await logged("request.failed");
  } finally {
    await run.stop();
    await receiver.close();
    await captured.restore();
    sqs.destroy();
    dynamoDb.destroy();
  }
  return { events: captured.events, origin: receiver.url("") };
}

const hasItems = (page: unknown) =>
  z.object({ items: z.array(z.unknown()).min(1) }).safeParse(page).success ? page : undefined;
