import type { SQSMessageAttributes, SQSRecord } from "aws-lambda";
import { localRegion } from "../settings.ts";
import type { QueueMessage } from "./queue-calls.ts";

/** A message as Lambda's event source mapping hands it over. */
export function toRecord(message: QueueMessage, queueArn: string): SQSRecord {
  const { Attributes } = message;
  return {
    messageId: message.MessageId,
    receiptHandle: message.ReceiptHandle,
    body: message.Body,
    attributes: {
      ...Attributes,
      ApproximateReceiveCount: Attributes.ApproximateReceiveCount ?? "1",
      ApproximateFirstReceiveTimestamp: Attributes.ApproximateFirstReceiveTimestamp ?? "",
      SentTimestamp: Attributes.SentTimestamp ?? "",
      SenderId: Attributes.SenderId ?? "",
    },
    messageAttributes: toRecordAttributes(message.MessageAttributes),
    md5OfBody: message.MD5OfBody,
    eventSource: "aws:sqs",
    eventSourceARN: queueArn,
    awsRegion: localRegion,
  };
}

const toRecordAttributes = (given: QueueMessage["MessageAttributes"]): SQSMessageAttributes =>
  Object.fromEntries(
    Object.entries(given).map(([name, { StringValue, BinaryValue, DataType }]) => [
      name,
      {
        ...(StringValue !== undefined && { stringValue: StringValue }),
        ...(BinaryValue !== undefined && { binaryValue: BinaryValue }),
        stringListValues: [],
        binaryListValues: [],
        dataType: DataType,
      },
    ]),
  );
