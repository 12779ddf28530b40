import {
  ChangeMessageVisibilityCommand,
  DeleteMessageBatchCommand,
  type Message,
  ReceiveMessageCommand,
  type SQSClient,
} from "@aws-sdk/client-sqs";
import * as z from "zod";
import type { Invoke } from "../../../infra/local/lambda/lambda.ts";
import { queueMessage } from "../../../infra/local/lambda/queue-calls.ts";
import { toRecord } from "../../../infra/local/lambda/sqs-record.ts";
import type { EventSourceMapping } from "../../../infra/local/template/wiring.ts";

const batchResponse = z.object({ batchItemFailures: z.array(z.object({ itemIdentifier: z.string() })) });

/**
 * An event source mapping as `infra/local/lambda/poller.ts`, with one invocation at a time, as one Lambda has it,
 * and without the wait: what was not handled is visible again at once, and not after minutes.
 */
export function startLoop(
  client: SQSClient,
  { queue, functionName, batchSize }: EventSourceMapping,
  invoke: Invoke,
) {
  const QueueUrl = queue.url;
  const stopping = new AbortController();
  /** How often each body was handed out. */
  const receives = new Map<string, number>();
  let isForgetful = false;
  let busy = false;

  async function receive(): Promise<Message[]> {
    const command = new ReceiveMessageCommand({
      QueueUrl,
      MaxNumberOfMessages: Math.min(batchSize, 10),
      WaitTimeSeconds: 20,
      MessageSystemAttributeNames: ["All"],
    });
    try {
      return (await client.send(command, { abortSignal: stopping.signal })).Messages ?? [];
    } catch (error) {
      if (stopping.signal.aborted) return [];
      throw error;
    }
  }

  async function failedOf(batch: readonly Message[]): Promise<Set<string | undefined>> {
    try {
      const Records = batch.map((message) => toRecord(queueMessage.parse(message), queue.arn));
      const { batchItemFailures } = batchResponse.parse(await invoke(functionName, { Records }));
      return new Set(batchItemFailures.map(({ itemIdentifier }) => itemIdentifier));
    } catch {
      return new Set(batch.map(({ MessageId }) => MessageId));
    }
  }

  async function handle(batch: readonly Message[]): Promise<void> {
    const failed = await failedOf(batch);
    if (isForgetful)
      for (const { MessageId, Attributes } of batch)
        if (Attributes?.ApproximateReceiveCount === "1") failed.add(MessageId);
    const done = batch.filter(({ MessageId }) => !failed.has(MessageId));
    if (done.length > 0) {
      const Entries = done.map(({ ReceiptHandle }, index) => ({ Id: String(index), ReceiptHandle }));
      await client.send(new DeleteMessageBatchCommand({ QueueUrl, Entries }));
    }
    for (const { MessageId, ReceiptHandle } of batch) {
      if (!failed.has(MessageId)) continue;
      const command = { QueueUrl, ReceiptHandle, VisibilityTimeout: 0 };
      await client.send(new ChangeMessageVisibilityCommand(command));
    }
  }

  async function run(): Promise<void> {
    while (!stopping.signal.aborted) {
      const batch = await receive();
      if (batch.length === 0) continue;
      busy = true;
      for (const { Body = "" } of batch) receives.set(Body, (receives.get(Body) ?? 0) + 1);
      await handle(batch);
      busy = false;
    }
  }

  const running = run();
  return {
    queue,
    /** Hands every message out a second time, as when its deletion failed. */
    forget(whether: boolean) {
      isForgetful = whether;
    },
    isBusy: () => busy,
    receivesOf: (body: string) => receives.get(body) ?? 0,
    async stop() {
      stopping.abort();
      await running;
    },
  };
}
