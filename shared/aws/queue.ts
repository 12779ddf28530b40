import { SendMessageBatchCommand, SendMessageCommand, type SQSClient } from "@aws-sdk/client-sqs";
import { chunks } from "../domain/chunks.ts";
import { coalesce, repeatUntilDone } from "./coalesce.ts";

/** Limits of SendMessageBatch: entries, and bytes of all bodies together (SQS API reference). */
const MAX_ENTRIES = 10;
export const MAX_MESSAGE_BYTES = 1_048_576;
export const MAX_DELAY_SECONDS = 900;

export interface Outgoing {
  readonly body: string;
  /** SQS fair queues: messages of one group are one tenant. */
  readonly groupId: string;
  /** Whole seconds, 0 to 900. */
  readonly delaySeconds?: number;
}

/**
 * A value as the text of a message. SQS takes XML 1.0's characters only and replaces or refuses others, which in JSON text
 * can be U+FFFE and U+FFFF; emulators refuse all beyond the basic plane. Escaped, they come out as they went in, and
 * no event outgrows a message: at worst its 256 KiB become three times as much.
 */
export const encodeMessage = (value: unknown): string =>
  JSON.stringify(value).replace(
    /[\uD800-\uDFFF\uFFFE\uFFFF]/g,
    (char) => `\\u${char.charCodeAt(0).toString(16)}`,
  );

export type Queue = ReturnType<typeof createQueue>;

export function createQueue(client: SQSClient, queueUrl: string) {
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
    send: coalesce<Outgoing, undefined>(sendAll),

    /** The same, at once and alone. */
    async sendNow({ body, groupId }: Outgoing): Promise<void> {
      await client.send(
        new SendMessageCommand({ QueueUrl: queueUrl, MessageBody: body, MessageGroupId: groupId }),
      );
    },
  };
}
