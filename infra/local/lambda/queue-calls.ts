import * as z from "zod";
import { createRequestHandler } from "../../../shared/aws/request-handler.ts";

const messageAttribute = z.object({
  DataType: z.string(),
  StringValue: z.string().optional(),
  /** Base64. */
  BinaryValue: z.string().optional(),
});
/** As SQS hands it over. */
export const queueMessage = z.object({
  MessageId: z.string(),
  ReceiptHandle: z.string(),
  Body: z.string(),
  MD5OfBody: z.string(),
  Attributes: z.record(z.string(), z.string()).default({}),
  MessageAttributes: z.record(z.string(), messageAttribute).default({}),
});
export type QueueMessage = z.infer<typeof queueMessage>;
const received = z.object({ Messages: z.array(queueMessage).default([]) });

/** A receive waits for a second at most, and the queues are on this machine. */
const TIMEOUT_MS = 30_000;

/**
 * The two calls of Lambda's event source mappings to SQS, in its JSON protocol and unsigned. On AWS these cost the
 * functions nothing; through the SDK they would cost this process half of what a delivery does.
 * https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-making-api-requests-json.html
 */
export function createQueueCalls(sqsUrl: string) {
  const { protocol, hostname, port } = new URL(sqsUrl);
  const handler = createRequestHandler(TIMEOUT_MS);

  /** @throws when SQS refuses */
  async function call(action: string, input: object): Promise<unknown> {
    const { response } = await handler.handle({
      ...{ protocol, hostname, port: Number(port), method: "POST", path: "/" },
      headers: { "content-type": "application/x-amz-json-1.0", "x-amz-target": `AmazonSQS.${action}` },
      body: JSON.stringify(input),
    });
    const text = Buffer.from(response.body).toString();
    if (response.statusCode !== 200) throw new Error(`${action} answered ${response.statusCode}: ${text}`);
    return JSON.parse(text);
  }

  return {
    /** @param maxMessages 1 to 10 @param waitSeconds how long to wait for a first one */
    async receive(queueUrl: string, maxMessages: number, waitSeconds: number): Promise<QueueMessage[]> {
      const answer = await call("ReceiveMessage", {
        QueueUrl: queueUrl,
        MaxNumberOfMessages: maxMessages,
        WaitTimeSeconds: waitSeconds,
        MessageSystemAttributeNames: ["All"],
        MessageAttributeNames: ["All"],
      });
      return received.parse(answer).Messages;
    },

    /** At most ten. */
    async remove(queueUrl: string, messages: readonly QueueMessage[]): Promise<void> {
      const Entries = messages.map(({ ReceiptHandle }, index) => ({ Id: String(index), ReceiptHandle }));
      await call("DeleteMessageBatch", { QueueUrl: queueUrl, Entries });
    },

    /** Nothing may be under way. */
    close: (): void => handler.destroy(),
  };
}
