import { DatabaseSync } from "node:sqlite";
import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { SQSClient } from "@aws-sdk/client-sqs";
import { DynamoDBDocumentClient } from "@aws-sdk/lib-dynamodb";
import { startScheduler } from "../../../infra/local/scheduler/scheduler.ts";
import { startSchedulerServer } from "../../../infra/local/scheduler/server.ts";
import { createScheduleStore } from "../../../infra/local/scheduler/store.ts";
import { createSchedulerTarget } from "../../../infra/local/scheduler/target.ts";
import { createQueues, createTables } from "../../../infra/local/services/resources.ts";
import { startDynamoDb, startSqs } from "../../../infra/local/services/services.ts";
import { clientOptions, localSettings } from "../../../infra/local/settings.ts";
import { synthesize } from "../../../infra/local/template/synthesize.ts";
import { readWiring } from "../../../infra/local/template/wiring.ts";
import { startProxies } from "./proxy.ts";

/** One retry by SQS, one by schedule, then undelivered. The schedule comes early, so its message is held. */
const POLICY = { RETRY_DELAYS_SECONDS: "1,3", SCHEDULE_FROM_SECONDS: "3" };
/** So small that a process tells the others of a single request: only then are there calls to fail. */
const LIMITS = { ACCOUNT_MAX_REQUESTS_PER_SECOND: "10", ACCOUNT_MAX_EVENTS_IN_FLIGHT: "100" };

/**
 * What all worlds of a test share: the embedded services behind the fault-injecting proxies, and the template.
 * Each world has tables, queues and schedules of its own in it.
 */
export async function startStage() {
  const template = synthesize(localSettings({ ...POLICY, ...LIMITS }).stack);
  const [dynamodb, sqs] = await Promise.all([startDynamoDb(":memory:"), startSqs(":memory:")]);
  const store = createScheduleStore(new DatabaseSync(":memory:"));
  const target = createSchedulerTarget(sqs.url);
  const scheduler = startScheduler({ store, target, latenessSeconds: 0, random: () => 0 });
  const groups: string[] = [];
  const schedulerServer = await startSchedulerServer({ scheduler, store, groups });
  const services = { dynamodb: dynamodb.url, sqs: sqs.url, scheduler: schedulerServer.url };
  const proxies = await startProxies(services);

  return {
    template,
    proxies,
    /** Straight to the services, for looking into them. */
    dynamoDb: DynamoDBDocumentClient.from(new DynamoDBClient(clientOptions(dynamodb.url))),
    // Each world waits for messages of three queues.
    sqs: new SQSClient({ ...clientOptions(sqs.url), requestHandler: { httpAgent: { maxSockets: 1_000 } } }),
    schedulesOf: (group: string) => store.list().filter(({ definition }) => definition.GroupName === group),

    /** Tables and queues of its own for a world, and the functions' settings that name them. */
    async wire(world: string) {
      const wiring = readWiring({ ...template, stackName: world }, proxies.urls.sqs);
      groups.push(...wiring.scheduleGroups);
      await createTables(dynamodb.url, Object.values(wiring.tables));
      await createQueues(sqs.url, Object.values(wiring.queues));
      return wiring;
    },

    async stop() {
      await proxies.stop();
      await scheduler.stop();
      await schedulerServer.stop();
      await Promise.all([dynamodb.stop(), sqs.stop()]);
    },
  };
}

export type Stage = Awaited<ReturnType<typeof startStage>>;
