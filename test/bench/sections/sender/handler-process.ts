import { randomUUID } from "node:crypto";
import * as z from "zod";
import { loadFunctions, setFunctionEnvironment } from "../../../../infra/local/lambda/lambda.ts";
import { toRecord } from "../../../../infra/local/lambda/sqs-record.ts";
import type { LambdaFunction } from "../../../../infra/local/template/wiring.ts";
import type { DeliveryMessage } from "../../../../shared/domain/delivery.ts";
import { watchAwsCalls } from "../../../support/aws-calls.ts";
import { aMessage } from "../../../support/factories.ts";
import { benchEvent } from "../../load/event.ts";

/** The deliver handler in a process of its own, one batch after the other, as a Lambda environment gets them. */
export interface SenderTask {
  readonly deliver: LambdaFunction;
  readonly urls: { readonly dynamodb: string; readonly sqs: string; readonly scheduler: string };
  readonly targets: readonly Pick<DeliveryMessage, "account" | "hook_id" | "registration" | "url">[];
  readonly batchSize: number;
  readonly warmUp: number;
  readonly messages: number;
}

const FUNCTIONS_FOLDER = new URL("../../../../functions/", import.meta.url);
const nothingFailed = z.strictObject({ batchItemFailures: z.tuple([]) });
/** The deliver handler asks its queue for nothing when all goes well, so any will do. */
const QUEUE_ARN = "arn:aws:sqs:us-east-1:000000000000:deliveries";

/** Events as the text in which Lambda's runtime gets them. Each message is of an event of its own. */
function makeEvents({ targets, batchSize }: SenderTask, messages: number): string[] {
  return Array.from({ length: messages / batchSize }, () => {
    const Records = Array.from({ length: batchSize }, (_, n) => {
      const { id: event_id, json: body } = benchEvent();
      const message = aMessage({
        ...targets[n % targets.length],
        event_id,
        body,
        due_at: new Date().toISOString(),
      });
      const received = {
        MessageId: randomUUID(),
        Body: JSON.stringify(message),
        ReceiptHandle: "",
        MD5OfBody: "",
      };
      return toRecord({ ...received, Attributes: {}, MessageAttributes: {} }, QUEUE_ARN);
    });
    return JSON.stringify({ Records });
  });
}

/** AWS calls, by operation. */
function countCalls(): Map<string, number> {
  const calls = new Map<string, number>();
  watchAwsCalls(({ target }) => calls.set(target, (calls.get(target) ?? 0) + 1));
  return calls;
}

async function measure(task: SenderTask) {
  // biome-ignore lint/style/noProcessEnv: the local run turns them off, Lambda has them
  process.env.POWERTOOLS_METRICS_DISABLED = "false";
  setFunctionEnvironment([task.deliver], task.urls);
  const invoke = await loadFunctions([task.deliver], FUNCTIONS_FOLDER);
  async function handleAll(events: readonly string[]): Promise<void> {
    for (const event of events) nothingFailed.parse(await invoke("deliver", JSON.parse(event)));
  }

  await handleAll(makeEvents(task, task.warmUp));
  const events = makeEvents(task, task.messages);
  const calls = countCalls();
  const startedAt = performance.now();
  const cpuBefore = process.cpuUsage();
  await handleAll(events);
  const { user, system } = process.cpuUsage(cpuBefore);
  return {
    cpuMicroseconds: (user + system) / task.messages,
    milliseconds: (performance.now() - startedAt) / task.messages,
    calls: Object.fromEntries([...calls].map(([operation, count]) => [operation, count / task.messages])),
  };
}

process.on("message", async (task: SenderTask) => {
  process.send?.(await measure(task));
});
process.on("disconnect", () => process.exit());
process.send?.({});
