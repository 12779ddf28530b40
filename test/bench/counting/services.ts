import { DatabaseSync } from "node:sqlite";
import { startScheduler } from "../../../infra/local/scheduler/scheduler.ts";
import { startSchedulerServer } from "../../../infra/local/scheduler/server.ts";
import { createScheduleStore } from "../../../infra/local/scheduler/store.ts";
import { createSchedulerTarget } from "../../../infra/local/scheduler/target.ts";
import { startDynamoDb, startSqs } from "../../../infra/local/services/services.ts";
import { IN_MEMORY } from "../../../infra/local/settings.ts";
import { startCountingProxy } from "./proxy.ts";
import { askForCapacity, countDynamoDb, countSqs } from "./requests.ts";
import type { Usage } from "./usage.ts";

/** Undoes a step of the start; to be called from the last to the first. */
export type Cleanup = () => Promise<unknown> | unknown;

/** The embedded services, and the counting proxies before them. */
export async function startServices(usage: () => Usage, cleanups: Cleanup[]) {
  const [dynamodb, sqs] = await Promise.all([startDynamoDb(IN_MEMORY), startSqs(IN_MEMORY)]);
  cleanups.push(dynamodb.stop, sqs.stop);
  const failures: unknown[] = [];
  const onFailure = (error: unknown) => void failures.push(error);
  const dynamoDbProxy = await startCountingProxy({
    target: dynamodb.url,
    amend: askForCapacity,
    onFailure,
    count: (exchange) => countDynamoDb(exchange, usage()),
  });
  const sqsProxy = await startCountingProxy({
    target: sqs.url,
    onFailure,
    count: (exchange) => countSqs(exchange, usage()),
  });
  cleanups.push(dynamoDbProxy.stop, sqsProxy.stop);

  const store = createScheduleStore(new DatabaseSync(IN_MEMORY));
  const target = createSchedulerTarget(sqsProxy.url);
  async function sendCounted(input: string): Promise<void> {
    usage().schedules++;
    await target.send(input);
  }
  const scheduler = startScheduler({
    ...{ store, latenessSeconds: 0, random: () => 0 },
    target: { ...target, send: sendCounted },
  });
  const groups: string[] = [];
  const schedulerServer = await startSchedulerServer({ scheduler, store, groups });
  cleanups.push(scheduler.stop, schedulerServer.stop);
  return {
    dynamodb: dynamodb.url,
    sqs: sqs.url,
    groups,
    failures,
    schedules: () => store.list().length,
    urls: { dynamodb: dynamoDbProxy.url, sqs: sqsProxy.url, scheduler: schedulerServer.url },
  };
}
