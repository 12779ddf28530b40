import { GetQueueAttributesCommand } from "@aws-sdk/client-sqs";
import { paginateScan } from "@aws-sdk/lib-dynamodb";
import { startGateway } from "../../../infra/local/gateway/gateway.ts";
import { createApiKeyTable } from "../../../shared/aws/api-key-table.ts";
import { newApiKey, roles } from "../../../shared/domain/api-key.ts";
import { until } from "../../support/local-run.ts";
import { type Received, startReceiver } from "../../support/receiver.ts";
import { createApiClient } from "./api-client.ts";
import { createWatch } from "./faults.ts";
import { createFunctions } from "./lambda.ts";
import { startLoop } from "./loop.ts";
import type { Stage } from "./stage.ts";

const DEPTHS = [
  "ApproximateNumberOfMessages",
  "ApproximateNumberOfMessagesNotVisible",
  "ApproximateNumberOfMessagesDelayed",
] as const;
const QUIET_POLL_MS = 300;
const QUIET_TIMEOUT_MS = 60_000;

/** What an endpoint says to a request, by the last part of its path. The nth of one event, from 1. */
function answerOf({ path }: Received, nth: number) {
  switch (path.split("/").at(-1)) {
    case "flaky":
      return { status: nth === 1 ? 500 : 200 };
    case "down":
      return { status: 500 };
    case "slow":
      // Leaves time to remove it before it is given up, also while one of its events hangs in fanout.
      return { status: 503, headers: { "retry-after": "4" } };
    case "gone":
      return { status: 410 };
    default:
      return { status: 200 };
  }
}

let worlds = 0;
let scenes = 0;

/** A whole copy of the product, which one fault cannot reach out of: functions, tables, queues, API, receiver. */
export async function startWorld(stage: Stage) {
  const name = `w${++worlds}`;
  const wiring = await stage.wire(name);
  const functions = createFunctions(name, wiring.functions, stage.proxies.urls);
  let requests: Received[] = [];
  const postsOf = (url: string, eventId: string) =>
    requests.filter((one) => one.path === new URL(url).pathname && one.headers["webhook-id"] === eventId)
      .length;
  const receiver = await startReceiver(function respond(request) {
    requests.push(request);
    return answerOf(
      request,
      postsOf(`http://receiver${request.path}`, String(request.headers["webhook-id"])),
    );
  });
  const gateway = await startGateway({ api: wiring.api, invoke: functions.invoke, port: 0 });
  const loops = wiring.mappings.map((mapping) => startLoop(stage.sqs, mapping, functions.invoke));
  const table = (part: string): string => find(wiring.tables, part).TableName;
  const apiKeys = createApiKeyTable(stage.dynamoDb, table("ApiKeys"));

  async function depth(url: string): Promise<number> {
    const command = new GetQueueAttributesCommand({ QueueUrl: url, AttributeNames: [...DEPTHS] });
    const { Attributes = {} } = await stage.sqs.send(command);
    return Object.values(Attributes).reduce((sum, value) => sum + Number(value), 0);
  }
  async function total(isDeadLetters: boolean): Promise<number> {
    const some = Object.entries(wiring.queues).filter(
      ([short]) => short.endsWith("DeadLetters") === isDeadLetters,
    );
    return (await Promise.all(some.map(([, { url }]) => depth(url)))).reduce((sum, one) => sum + one, 0);
  }

  const isIdle = () => functions.isIdle() && !loops.some((loop) => loop.isBusy());
  async function isQuiet(): Promise<boolean> {
    if (!isIdle() || wiring.scheduleGroups.some((group) => stage.schedulesOf(group).length > 0)) return false;
    return (await total(false)) === 0 && isIdle();
  }

  async function scan(part: string): Promise<Record<string, unknown>[]> {
    const rows: Record<string, unknown>[] = [];
    const pages = paginateScan({ client: stage.dynamoDb }, { TableName: table(part), ConsistentRead: true });
    for await (const { Items = [] } of pages) rows.push(...Items);
    return rows;
  }

  return {
    stage,
    table,
    invoke: functions.invoke,
    receivesOf: (queue: string, body: string) =>
      loops.find((loop) => loop.queue.url === find(wiring.queues, queue).url)?.receivesOf(body),
    queueUrl: (part: string) => find(wiring.queues, part).url,

    /** A new account in it, for one story. @param isForgetful every message is handed out a second time */
    async begin(isForgetful = false) {
      for (const loop of loops) loop.forget(isForgetful);
      const account = `acct${++scenes}`;
      const { key, record } = newApiKey({ account, roles, now: new Date() });
      await apiKeys.put(record);
      const watch = createWatch(functions.end);
      stage.proxies.watch(name, watch.intercept);
      requests = [];
      const isMine = ({ account: owner }: Record<string, unknown>) => owner === account;
      return {
        ...createApiClient(gateway.url, key),
        account,
        watch,
        requests,
        postsOf,
        url: (path: string) => receiver.url(`/${account}/${path}`),
        scan: async (part: string) => (await scan(part)).filter(isMine),
        deadLetters: () => total(true),
        /** Resolves when nothing is under way: no message, no schedule, no invocation. */
        quiet: async () => void (await until(isQuiet, QUIET_TIMEOUT_MS, QUIET_POLL_MS)),
      };
    },

    async stop() {
      await Promise.all(loops.map((loop) => loop.stop()));
      await gateway.stop();
      await receiver.close();
    },
  };
}

export type World = Awaited<ReturnType<typeof startWorld>>;
export type Scene = Awaited<ReturnType<World["begin"]>>;

function find<Value>(record: Readonly<Record<string, Value>>, part: string): Value {
  const found = Object.entries(record).find(([short]) => short.includes(part))?.[1];
  if (found === undefined) throw new Error(`The template has no ${part}`);
  return found;
}
