import {
  DeleteMessageBatchCommand,
  SendMessageBatchCommand,
  type SendMessageBatchRequestEntry,
  type SQSClient,
} from "@aws-sdk/client-sqs";
import { repeatUntilDone } from "../../../shared/aws/coalesce.ts";
import { contentOf, type Letter } from "./letter.ts";

type Sqs = Pick<SQSClient, "send">;

/** What came of a batch. */
export interface Sent {
  readonly letters: readonly Letter[];
  /** The ids that SQS gave them on their new queue. */
  readonly newIds: readonly string[];
  /** Why others of the batch were not taken. */
  readonly refusal: string | undefined;
}

/** Puts up to ten messages on a queue, as they are. */
export async function sendLetters(sqs: Sqs, QueueUrl: string, letters: readonly Letter[]): Promise<Sent> {
  const newIds: string[] = [];
  let refusal: string | undefined;
  const left = await repeatUntilDone(letters, async function sendSome(some) {
    const { Successful = [], Failed = [] } = await sqs.send(
      new SendMessageBatchCommand({ QueueUrl, Entries: some.map(toEntry) }),
    );
    newIds.push(...Successful.flatMap(({ MessageId }) => MessageId ?? []));
    refusal = Failed[0] && `SQS did not take a message: ${Failed[0].Message ?? Failed[0].Code}`;
    return Failed.flatMap(({ Id }) => some[Number(Id)] ?? []);
  });
  return { letters: letters.filter((letter) => !left.includes(letter)), newIds, refusal };
}

/** Takes received messages off their queue. @returns those that SQS did not delete */
export function removeLetters(
  sqs: Sqs,
  QueueUrl: string,
  letters: readonly Letter[],
): Promise<readonly Letter[]> {
  return repeatUntilDone(letters, async function removeSome(some) {
    const Entries = some.map(({ receipt }, index) => ({ Id: String(index), ReceiptHandle: receipt }));
    const { Failed = [] } = await sqs.send(new DeleteMessageBatchCommand({ QueueUrl, Entries }));
    return Failed.flatMap(({ Id }) => some[Number(Id)] ?? []);
  });
}

function toEntry(letter: Letter, index: number): SendMessageBatchRequestEntry {
  const { groupId } = contentOf(letter);
  return {
    Id: String(index),
    MessageBody: letter.body,
    ...(groupId !== undefined && { MessageGroupId: groupId }),
    ...(Object.keys(letter.attributes).length > 0 && { MessageAttributes: letter.attributes }),
  };
}

/** What a message counts for: SQS adds its attributes to the body. */
export const bytesOf = ({ body, attributes }: Letter): number =>
  Object.entries(attributes).reduce(
    (sum, [name, { StringValue = "", BinaryValue, DataType = "" }]) =>
      sum + Buffer.byteLength(name + DataType + StringValue) + (BinaryValue?.length ?? 0),
    Buffer.byteLength(body),
  );
