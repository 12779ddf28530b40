import { setTimeout as sleep } from "node:timers/promises";
import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { GetQueueAttributesCommand, SQSClient } from "@aws-sdk/client-sqs";
import { DynamoDBDocumentClient } from "@aws-sdk/lib-dynamodb";
import { startGateway } from "../../../infra/local/gateway/gateway.ts";
import { startPoller } from "../../../infra/local/lambda/poller.ts";
import { createQueues, createTables } from "../../../infra/local/services/resources.ts";
import { clientOptions, localSettings } from "../../../infra/local/settings.ts";
import { synthesize } from "../../../infra/local/template/synthesize.ts";
import { readWiring, type Wiring } from "../../../infra/local/template/wiring.ts";
import { createApiKeyTable } from "../../../shared/aws/api-key-table.ts";
import { newApiKey, roles } from "../../../shared/domain/api-key.ts";
import { bundleFunctions } from "./bundle.ts";
import { startEnvironments } from "./environments.ts";
import { LOG_LINE_BYTES, readObserved } from "./platform-lines.ts";
import { type Cleanup, startServices } from "./services.ts";
import { noUsage, type Usage } from "./usage.ts";

/** How many environments of each function there are: few, so that they do not wait for each other's CPU. */
const environments: Readonly<Record<string, number>> = {
  ...{ authorizer: 1, webhooks: 1, events: 1 },
  ...{ fanout: 1, deliver: 3 },
};
const UNLIMITED = {
  ACCOUNT_MAX_EVENTS_IN_FLIGHT: "10000000",
  ACCOUNT_MAX_REQUESTS_PER_SECOND: "100000",
  ACCOUNT_MAX_WEBHOOKS: "100000",
};
/** A request, as the access log tells of it. */
const accessed = {
  requestId: "79b4f56e-95b1-4643-9700-2807f4e68189",
  xrayTraceId: "1-62e900b2-710d76f009d6e7785905449a",
  "identity.sourceIp": "203.0.113.199",
  httpMethod: "POST",
  resourcePath: "/events/batch",
  "authorizer.principalId": "lisjywHXKAq6yQe2bH6Pd",
  ...{ status: 202, responseLatency: 123, integrationLatency: 100, responseLength: 2_500 },
};
const QUIET_POLL_MS = 100;
const DEPTHS = [
  "ApproximateNumberOfMessages",
  "ApproximateNumberOfMessagesNotVisible",
  "ApproximateNumberOfMessagesDelayed",
] as const;

/**
 * The product as it is deployed, on embedded services, and all that it uses of them counted: bundled functions in
 * processes of their own, behind the local gateway and the local pollers.
 */
export async function startCountedStage(environment: Record<string, string> = {}) {
  const cleanups: Cleanup[] = [];
  async function stop(): Promise<void> {
    for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
  }
  try {
    return { ...(await startAll(environment, cleanups)), stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

export type CountedStage = Awaited<ReturnType<typeof startCountedStage>>;

async function startAll(environment: Record<string, string>, cleanups: Cleanup[]) {
  let usage: Usage = noUsage();
  const template = synthesize(localSettings({ ...UNLIMITED, ...environment }).stack);
  const bundles = await bundleFunctions(Object.keys(environments));
  cleanups.push(bundles.remove);
  const services = await startServices(() => usage, cleanups);
  const { dynamodb, sqs, urls } = services;
  const wiring = readWiring(template, urls.sqs);
  const tables = Object.values(wiring.tables);
  const queues = Object.values(wiring.queues);
  await Promise.all([createTables(dynamodb, tables), createQueues(sqs, queues)]);
  services.groups.push(...wiring.scheduleGroups);

  const functions = await startEnvironments({
    functions: wiring.functions.filter(({ name }) => environments[name]),
    countOf: (name) => environments[name] ?? 0,
    bundleOf: bundles.urlOf,
    observed: readObserved(template),
    urls,
    usage: () => usage,
  });
  cleanups.push(functions.stop);
  const pollers = wiring.mappings
    .filter(({ functionName }) => environments[functionName])
    .map((mapping) => startPoller(mapping, urls.sqs, functions.invoke));
  cleanups.push(() => Promise.all(pollers.map((poller) => poller.stop())));
  const gateway = await startGateway({ api: wiring.api, invoke: functions.invoke, port: 0 });
  cleanups.push(gateway.stop);

  const dynamoDb = DynamoDBDocumentClient.from(new DynamoDBClient(clientOptions(dynamodb)));
  const { key, record } = newApiKey({ account: "acme-games", roles, now: new Date() });
  await createApiKeyTable(dynamoDb, tableOf(wiring, "ApiKeys")).put(record);
  const sqsClient = new SQSClient(clientOptions(sqs));
  cleanups.push(
    () => sqsClient.destroy(),
    () => dynamoDb.destroy(),
  );

  async function depth(QueueUrl: string): Promise<number> {
    const command = new GetQueueAttributesCommand({ QueueUrl, AttributeNames: [...DEPTHS] });
    const { Attributes = {} } = await sqsClient.send(command);
    return Object.values(Attributes).reduce((sum, value) => sum + Number(value), 0);
  }
  async function isQuiet(): Promise<boolean> {
    if (!functions.isIdle() || services.schedules() > 0) return false;
    const depths = await Promise.all(queues.map(({ url }) => depth(url)));
    return depths.every((one) => one === 0) && functions.isIdle();
  }

  // It synthesizes the stack, which no other section needs.
  const { accessLine } = await import("../../support/monitoring/access-log.ts");
  const accessLineBytes = Buffer.byteLength(accessLine(accessed)) + LOG_LINE_BYTES;

  return {
    accessLineBytes,
    /** Of the embedded DynamoDB itself: what goes this way is not counted. */
    dynamoDbUrl: dynamodb,
    table: (part: string) => tableOf(wiring, part),
    initMs: functions.initMs,
    post: (path: string, body: string) => post(`${gateway.url}${path}`, key, body, usage),
    /** Resolves when nothing is under way: no message, no schedule, no invocation. */
    async quiet(timeoutMs: number): Promise<void> {
      const giveUpAt = Date.now() + timeoutMs;
      while (!(await isQuiet())) {
        if (services.failures.length > 0)
          throw new Error("Not all was counted", { cause: services.failures[0] });
        if (Date.now() > giveUpAt) throw new Error(`Something was still under way after ${timeoutMs} ms`);
        await sleep(QUIET_POLL_MS);
      }
    },
    usage: () => usage,
    beginCount: () => {
      usage = noUsage();
    },
  };
}

const tableOf = ({ tables }: Wiring, part: string): string => {
  const found = Object.entries(tables).find(([name]) => name.includes(part))?.[1].TableName;
  if (found === undefined) throw new Error(`The template has no table ${part}`);
  return found;
};

async function post(url: string, key: string, body: string, { api }: Usage): Promise<void> {
  const headers = { authorization: `Bearer ${key}`, "content-type": "application/json" };
  const response = await fetch(url, { method: "POST", headers, body });
  const answer = await response.text();
  if (!response.ok) throw new Error(`${url} answered ${response.status}: ${answer}`);
  api.requests++;
  api.answerBytes += Buffer.byteLength(answer);
}
