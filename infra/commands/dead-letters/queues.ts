import {
  ChangeMessageVisibilityBatchCommand,
  GetQueueAttributesCommand,
  ReceiveMessageCommand,
  type SQSClient,
} from "@aws-sdk/client-sqs";
import * as z from "zod";
import { chunks } from "../../../shared/domain/chunks.ts";
import type { Lane } from "../../../shared/domain/delivery.ts";
import { readOutputs, type Target } from "../target.ts";
import { type Letter, toLetter } from "./letter.ts";

export const queueNames = ["events", "deliveries", "redeliveries"] as const;
export type QueueName = (typeof queueNames)[number];

export interface DeadLetterQueue {
  readonly name: QueueName;
  readonly url: string;
  /** Where its messages belong. Both lanes of deliveries share their dead letters. */
  readonly source: Readonly<Record<Lane, string>>;
}

const outputs = {
  EventsQueueUrl: z.string(),
  EventsDeadLettersUrl: z.string(),
  DeliveriesQueueUrl: z.string(),
  SlowDeliveriesQueueUrl: z.string(),
  DeliveriesDeadLettersUrl: z.string(),
  RedeliveriesQueueUrl: z.string(),
  RedeliveriesDeadLettersUrl: z.string(),
};

/** The dead-letter queues of a stage, or the one that is named. */
export async function findQueues(target: Target, only: QueueName | undefined): Promise<DeadLetterQueue[]> {
  const known = readOutputs(target, await target.outputs(), outputs);
  const both = (url: string) => ({ fast: url, slow: url });
  const all: Record<QueueName, Omit<DeadLetterQueue, "name">> = {
    events: { url: known.EventsDeadLettersUrl, source: both(known.EventsQueueUrl) },
    deliveries: {
      url: known.DeliveriesDeadLettersUrl,
      source: { fast: known.DeliveriesQueueUrl, slow: known.SlowDeliveriesQueueUrl },
    },
    redeliveries: { url: known.RedeliveriesDeadLettersUrl, source: both(known.RedeliveriesQueueUrl) },
  };
  return queueNames.filter((name) => (only ?? name) === name).map((name) => ({ name, ...all[name] }));
}

type Sqs = Pick<SQSClient, "send">;

const depth = z.object({
  ApproximateNumberOfMessages: z.coerce.number(),
  ApproximateNumberOfMessagesNotVisible: z.coerce.number(),
});

/** How many there are, as SQS counts: approximately, and exactly once a queue is quiet. */
export async function countLetters(sqs: Sqs, QueueUrl: string): Promise<{ ready: number; hidden: number }> {
  const { Attributes } = await sqs.send(new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ["All"] }));
  const counted = depth.parse(Attributes);
  return {
    ready: counted.ApproximateNumberOfMessages,
    hidden: counted.ApproximateNumberOfMessagesNotVisible,
  };
}

/** Long polling asks all of SQS's servers, where a short poll may overlook what is there. */
const WAIT_SECONDS = 1;
/** ReceiveMessage hands out no more (SQS API reference). */
export const MAX_RECEIVED = 10;

/** Takes up to ten messages, hidden from others for a while. They stay in the queue. */
export async function receive(
  sqs: Sqs,
  QueueUrl: string,
  max: number,
  hiddenSeconds: number,
): Promise<Letter[]> {
  const { Messages = [] } = await sqs.send(
    new ReceiveMessageCommand({
      QueueUrl,
      MaxNumberOfMessages: Math.min(max, MAX_RECEIVED),
      VisibilityTimeout: hiddenSeconds,
      WaitTimeSeconds: WAIT_SECONDS,
      MessageSystemAttributeNames: ["All"],
      MessageAttributeNames: ["All"],
    }),
  );
  return Messages.map(toLetter);
}

/** Shows messages again that were received. One whose time has run out is shown already. */
export async function release(sqs: Sqs, QueueUrl: string, letters: readonly Letter[]): Promise<void> {
  for (const some of chunks(letters, MAX_RECEIVED)) {
    const Entries = some.map(({ receipt }, index) => ({
      Id: String(index),
      ReceiptHandle: receipt,
      VisibilityTimeout: 0,
    }));
    await sqs.send(new ChangeMessageVisibilityBatchCommand({ QueueUrl, Entries }));
  }
}
