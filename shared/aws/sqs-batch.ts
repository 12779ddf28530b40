import middy from "@middy/core";
import type { Context, SQSBatchResponse, SQSEvent, SQSRecord } from "aws-lambda";
import { log } from "../log.ts";
import { measurePlain, publishMetrics } from "../metrics.ts";
import { ORIGINAL_MESSAGE_ID } from "./original-message.ts";

/** So long before Lambda ends an invocation that takes too long, what was measured until then is written. */
const LAST_CALL_MS = 1_000;

export interface Received {
  readonly body: string;
  /** The first that SQS gave it: one that was put back from the dead letters keeps it. */
  readonly messageId: string;
  /** SQS has handed this message out before, or it was among the dead letters. */
  readonly isRepeated: boolean;
  /** Says what it is about, for the line that tells of a failure. */
  about(fields: Readonly<Record<string, unknown>>): void;
}

/** How many messages are being handled: as many as can come to wait at one place (`coalesce`). */
export interface UnderWay {
  messages: number;
}

/**
 * A handler for batches from SQS: all messages at the same time, each on its own. A message whose handling
 * throws goes back to the queue, and only that one (partial batch response); after its last receive it is in
 * the dead-letter queue.
 * @param underWay is kept up to date
 */
export function sqsBatch(handle: (message: Received) => Promise<void>, underWay: UnderWay = { messages: 0 }) {
  async function handleOne(record: SQSRecord, context: Context): Promise<string | undefined> {
    const { body, messageId, attributes, messageAttributes } = record;
    const receiveCount = Number(attributes.ApproximateReceiveCount);
    const failure = {
      ...{ lambda_request_id: context.awsRequestId, message_id: messageId, receive_count: receiveCount },
    };
    const originalId = messageAttributes[ORIGINAL_MESSAGE_ID]?.stringValue;
    const isRepeated = receiveCount > 1 || originalId !== undefined;
    const about = (fields: object) => void Object.assign(failure, fields);
    try {
      await handle({ body, messageId: originalId ?? messageId, isRepeated, about });
      return undefined;
    } catch (error) {
      log.error("message.failed", error, failure);
      measurePlain("MessagesFailed");
      return messageId;
    } finally {
      underWay.messages--;
    }
  }

  return middy<SQSEvent, SQSBatchResponse>().handler(async function handleBatch(
    { Records }: SQSEvent,
    context: Context,
  ): Promise<SQSBatchResponse> {
    const lastCall = setTimeout(publishMetrics, context.getRemainingTimeInMillis() - LAST_CALL_MS);
    underWay.messages += Records.length;
    try {
      const failed = await Promise.all(Records.map((record) => handleOne(record, context)));
      return { batchItemFailures: failed.flatMap((id) => (id ? [{ itemIdentifier: id }] : [])) };
    } finally {
      clearTimeout(lastCall);
      publishMetrics();
    }
  });
}
