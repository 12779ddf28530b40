import {
  DeleteMessageBatchCommand,
  SendMessageBatchCommand,
  type SendMessageBatchRequestEntry,
  type SQSClient,
} from "@aws-sdk/client-sqs";
import { repeatUntilDone } from "../../../shared/aws/coalesce.ts";
import { ORIGINAL_MESSAGE_ID } from "../../../shared/aws/original-message.ts";
import { MAX_MESSAGE_BYTES } from "../../../shared/domain/message-text.ts";
import { messageOf } from "../../local/failure.ts";
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
  const taken: Letter[] = [];
  const newIds: string[] = [];
  let refusal: string | undefined;

  async function sendSome(some: readonly Letter[]): Promise<readonly Letter[]> {
    const { Successful = [], Failed = [] } = await sqs.send(
      new SendMessageBatchCommand({ QueueUrl, Entries: some.map(toEntry) }),
    );
    newIds.push(...Successful.flatMap(({ MessageId }) => MessageId ?? []));
    const [first] = Failed;
    if (first) refusal = `SQS did not take a message: ${first.Message ?? first.Code}`;
    const failed = new Set(Failed.map(({ Id }) => some[Number(Id)]));
    taken.push(...some.filter((letter) => !failed.has(letter)));
    // What is wrong with a message itself will not be right the next time.
    return Failed.flatMap(({ Id, SenderFault }) => (SenderFault ? [] : (some[Number(Id)] ?? [])));
  }
  const send = (some: readonly Letter[]) =>
    repeatUntilDone(some, sendSome).catch((error: unknown) => {
      refusal = messageOf(error);
    });

  await send(letters);
  // Some mistakes of a message SQS refuses with the whole batch that it is in.
  const isWholeRefused = taken.length === 0 && letters.length > 1;
  if (isWholeRefused) for (const letter of letters) await send([letter]);
  return { letters: taken, newIds, refusal: taken.length < letters.length ? refusal : undefined };
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
    MessageAttributes: attributesOf(letter),
  };
}

/** Limit of SQS (developer guide, "Amazon SQS message metadata"). */
const MAX_ATTRIBUTES = 10;

/** Its own, and the id that it had first, unless SQS would refuse the message for it. */
function attributesOf({ body, attributes, messageId }: Letter): Letter["attributes"] {
  if (ORIGINAL_MESSAGE_ID in attributes || Object.keys(attributes).length >= MAX_ATTRIBUTES)
    return attributes;
  const more = { ...attributes, [ORIGINAL_MESSAGE_ID]: { DataType: "String", StringValue: messageId } };
  return sizeOf(body, more) <= MAX_MESSAGE_BYTES ? more : attributes;
}

/** What a message counts for once it is put back. */
export const bytesOf = (letter: Letter): number => sizeOf(letter.body, attributesOf(letter));

/** SQS adds the attributes to the body. */
const sizeOf = (body: string, attributes: Letter["attributes"]): number =>
  Object.entries(attributes).reduce(
    (sum, [name, { StringValue = "", BinaryValue, DataType = "" }]) =>
      sum + Buffer.byteLength(name + DataType + StringValue) + (BinaryValue?.length ?? 0),
    Buffer.byteLength(body),
  );
