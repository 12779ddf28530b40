import middy from "@middy/core";
import type { SQSBatchResponse, SQSEvent, SQSRecord } from "aws-lambda";
import { log } from "../log.ts";

export interface Received {
  readonly body: string;
  readonly messageId: string;
  /** How often SQS has handed this message out, this time included. */
  readonly receiveCount: number;
}

const toReceived = ({ body, messageId, attributes }: SQSRecord): Received => ({
  body,
  messageId,
  receiveCount: Number(attributes.ApproximateReceiveCount),
});

/**
 * A handler for batches from SQS: all messages at the same time, each on its own. A message whose handling
 * throws goes back to the queue, and only that one (partial batch response); after its last receive it is in
 * the dead-letter queue.
 */
export function sqsBatch(handle: (message: Received) => Promise<void>) {
  return middy<SQSEvent, SQSBatchResponse>().handler(async function handleBatch({
    Records,
  }: SQSEvent): Promise<SQSBatchResponse> {
    const results = await Promise.allSettled(Records.map(async (record) => handle(toReceived(record))));
    const batchItemFailures = results.flatMap((result, index) => {
      const record = Records[index];
      if (result.status === "fulfilled" || !record) return [];
      log.error("message.failed", result.reason, {
        message_id: record.messageId,
        receive_count: record.attributes.ApproximateReceiveCount,
      });
      return [{ itemIdentifier: record.messageId }];
    });
    return { batchItemFailures };
  });
}
