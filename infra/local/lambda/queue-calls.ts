import { Pool } from "undici";
import * as z from "zod";

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

/**
 * The two calls of Lambda's event source mappings to SQS, in its JSON protocol and unsigned. On AWS these cost the
 * functions nothing; through the SDK they would cost this process half of what a delivery does.
 * https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-making-api-requests-json.html
 */
export function createQueueCalls(sqsUrl: string) {
  const pool = new Pool(sqsUrl);

  /** @throws when SQS refuses */
  async function call(action: string, input: object): Promise<unknown> {
    const { statusCode, body } = await pool.request({
      method: "POST",
      path: "/",
      headers: { "content-type": "application/x-amz-json-1.0", "x-amz-target": `AmazonSQS.${action}` },
      body: JSON.stringify(input),
    });
    const text = await body.text();
    if (statusCode !== 200) throw new Error(`${action} answered ${statusCode}: ${text}`);
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
    close: (): Promise<void> => pool.destroy(),
  };
}
