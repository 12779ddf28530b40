import { setTimeout as sleep } from "node:timers/promises";
import { CreateScheduleCommand, DeleteScheduleCommand, SchedulerClient } from "@aws-sdk/client-scheduler";
import {
  CreateQueueCommand,
  DeleteQueueCommand,
  ReceiveMessageCommand,
  SQSClient,
} from "@aws-sdk/client-sqs";
import type { Emulator } from "./emulator.ts";

const NAME = "claimr-webhooks-does-a-schedule-fire";
/** Emulators look every ten seconds or so; AWS itself may take sixty. */
const PATIENCE_MS = 25_000;
/** Of one receive, in seconds. */
const WAIT_SECONDS = 2;

/**
 * Tries out whether one-shot schedules put messages on a queue by the universal target, as retries need it:
 * LocalStack keeps schedules and never fires them, MiniStack fires them and drops what this target is to send.
 */
export async function schedulesFire({ client }: Emulator): Promise<boolean> {
  const sqs = new SQSClient(client);
  const scheduler = new SchedulerClient(client);
  const { QueueUrl = "" } = await sqs.send(new CreateQueueCommand({ QueueName: NAME }));
  try {
    const at = new Date(Date.now() + 2_000).toISOString().slice(0, 19);
    await scheduler.send(
      new CreateScheduleCommand({
        Name: NAME,
        ScheduleExpression: `at(${at})`,
        FlexibleTimeWindow: { Mode: "OFF" },
        ActionAfterCompletion: "DELETE",
        Target: {
          Arn: "arn:aws:scheduler:::aws-sdk:sqs:sendMessage",
          RoleArn: "arn:aws:iam::000000000000:role/any",
          Input: JSON.stringify({ QueueUrl, MessageBody: "It does." }),
        },
      }),
    );
    return await somethingArrives(sqs, QueueUrl);
  } catch {
    return false;
  } finally {
    await scheduler.send(new DeleteScheduleCommand({ Name: NAME })).catch(() => "gone once it has fired");
    await sqs.send(new DeleteQueueCommand({ QueueUrl }));
  }
}

async function somethingArrives(sqs: SQSClient, QueueUrl: string): Promise<boolean> {
  const giveUpAt = Date.now() + PATIENCE_MS;
  while (Date.now() < giveUpAt) {
    const { Messages = [] } = await sqs.send(
      new ReceiveMessageCommand({ QueueUrl, WaitTimeSeconds: WAIT_SECONDS }),
    );
    if (Messages.length > 0) return true;
    // Some emulators do not wait.
    await sleep(100);
  }
  return false;
}
