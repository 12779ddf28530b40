import { SendMessageBatchCommand, SendMessageCommand, type SQSClient } from "@aws-sdk/client-sqs";
import { chunks } from "../domain/chunks.ts";
import { MAX_MESSAGE_BYTES } from "../domain/message-text.ts";
import { coalesce, repeatUntilDone } from "./coalesce.ts";

/**
 * Entries of a SendMessageBatch (SQS API reference). Their bodies together may be as large as one message.
 */
const MAX_ENTRIES = 10;
export const MAX_DELAY_SECONDS = 900;

export interface Outgoing {
  readonly body: string;
  /** SQS fair queues: messages of one group are one tenant. */
  readonly groupId: string;
  /** Whole seconds, 0 to 900. */
  readonly delaySeconds?: number;
}

/** Who sends on a queue together. */
export interface Company {
  /** How many there are at most, if that is known. */
  readonly everyone?: () => number;
  /** How long one waits for the others. */
  readonly lingerMs: number;
}

export type Queue = ReturnType<typeof createQueue>;

export function createQueue(client: SQSClient, queueUrl: string, company?: Company) {
  async function sendBatch(messages: readonly Outgoing[]): Promise<readonly Outgoing[]> {
    const { Failed = [] } = await client.send(
      new SendMessageBatchCommand({
        QueueUrl: queueUrl,
        Entries: messages.map(({ body, groupId, delaySeconds }, index) => ({
          Id: String(index),
          MessageBody: body,
          MessageGroupId: groupId,
          ...(delaySeconds !== undefined && { DelaySeconds: delaySeconds }),
        })),
      }),
    );
    return Failed.flatMap(({ Id }) => messages[Number(Id)] ?? []);
  }

  async function sendChunk(messages: readonly Outgoing[]): Promise<Map<Outgoing, Error>> {
    const error = (cause?: unknown) => new Error("SQS did not take a message", { cause });
    try {
      const left = await repeatUntilDone(messages, sendBatch);
      return new Map(left.map((message) => [message, error()]));
    } catch (cause) {
      return new Map(messages.map((message) => [message, error(cause)]));
    }
  }

  async function sendAll(messages: readonly Outgoing[]): Promise<(undefined | Error)[]> {
    const sizeOf = ({ body }: Outgoing) => Buffer.byteLength(body);
    const failed = await Promise.all(chunks(messages, MAX_ENTRIES, MAX_MESSAGE_BYTES, sizeOf).map(sendChunk));
    return messages.map((message) => failed.map((chunk) => chunk.get(message)).find(Boolean));
  }

  return {
    /** Resolves once the message is durably queued. Calls made at the same time share requests. */
    send: coalesce<Outgoing, undefined>(sendAll, company?.everyone, company?.lingerMs),

    /** The same, at once and alone. */
    async sendNow({ body, groupId }: Outgoing): Promise<void> {
      await client.send(
        new SendMessageCommand({ QueueUrl: queueUrl, MessageBody: body, MessageGroupId: groupId }),
      );
    },
  };
}
