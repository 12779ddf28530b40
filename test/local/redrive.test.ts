import {
  ChangeMessageVisibilityBatchCommand,
  DeleteMessageBatchCommand,
  GetQueueAttributesCommand,
  type Message,
  ReceiveMessageCommand,
  SendMessageBatchCommand,
  SQSClient,
} from "@aws-sdk/client-sqs";
import { mockClient } from "aws-sdk-client-mock";
import { expect, test } from "vitest";
import { redrive } from "../../infra/commands/dead-letters/redrive.ts";
import { ORIGINAL_MESSAGE_ID } from "../../shared/aws/original-message.ts";
import { MAX_MESSAGE_BYTES } from "../../shared/domain/message-text.ts";

const aLetter = (id: string, fields: Message = {}): Message => ({
  ...{ MessageId: id, ReceiptHandle: id, Body: "{}" },
  ...fields,
});
const attribute = (StringValue: string) => ({ DataType: "String", StringValue });

/** A dead-letter queue in memory, in front of a queue that refuses a whole batch for one bad body. */
function aQueue(letters: Message[], there = letters.length) {
  const sent: { body: string; attributes: Record<string, unknown> }[] = [];
  const deleted: unknown[] = [];
  const shown: unknown[] = [];
  const client = new SQSClient();
  const sqs = mockClient(client);
  const counts = { ApproximateNumberOfMessages: `${there}`, ApproximateNumberOfMessagesNotVisible: "0" };
  sqs.on(GetQueueAttributesCommand).resolves({ Attributes: counts });
  sqs.on(ReceiveMessageCommand).callsFake(({ MaxNumberOfMessages }) => ({
    Messages: letters.splice(0, MaxNumberOfMessages),
  }));
  sqs.on(SendMessageBatchCommand).callsFake(({ Entries = [] }) => {
    if (Entries.some(({ MessageBody = "" }) => MessageBody === "poison"))
      throw new Error("Not in this batch");
    for (const { MessageBody, MessageAttributes } of Entries)
      sent.push({ body: MessageBody, attributes: MessageAttributes });
    return {};
  });
  sqs.on(DeleteMessageBatchCommand).callsFake(({ Entries = [] }) => {
    for (const { ReceiptHandle } of Entries) deleted.push(ReceiptHandle);
    return {};
  });
  sqs.on(ChangeMessageVisibilityBatchCommand).callsFake(({ Entries = [] }) => {
    for (const { ReceiptHandle } of Entries) shown.push(ReceiptHandle);
    return {};
  });
  const source = { fast: "https://sqs/q", slow: "https://sqs/q" };
  const run = () => redrive(client, { name: "events", url: "https://sqs/dead", source }, 1_000, () => {});
  return { sqs, sent, deleted, shown, run };
}

test("a letter for which SQS refuses the whole batch stays, in sight, and all others are put back", async () => {
  const ids = Array.from({ length: 25 }, (_, n) => `m${n}`);
  const queue = aQueue(ids.map((id) => aLetter(id, { Body: id === "m3" ? "poison" : id })));
  expect(await queue.run()).toEqual({ there: 25, moved: 24, problems: ["Not in this batch"] });
  const others = ids.filter((id) => id !== "m3").sort();
  expect(queue.sent.map(({ body }) => body).sort()).toEqual(others);
  expect(queue.deleted.sort()).toEqual(others);
  expect(queue.shown).toEqual(["m3"]);
});

test("a queue that takes nothing at all is not tried with every letter there is", async () => {
  const letters = Array.from({ length: 500 }, (_, n) => aLetter(`m${n}`, { Body: "poison" }));
  const { moved, problems } = await aQueue(letters).run();
  expect({ moved, problems }).toEqual({ moved: 0, problems: ["Not in this batch"] });
  expect(letters.length).toBeGreaterThan(300);
});

test("a receive that fails ends it with a summary, and what was moved before counts", async () => {
  const queue = aQueue([aLetter("m0"), aLetter("m1")], 30);
  queue.sqs
    .on(ReceiveMessageCommand)
    .resolvesOnce({ Messages: [aLetter("m0")] })
    .rejects(new Error("The security token has expired"));
  expect(await queue.run()).toEqual({ there: 30, moved: 1, problems: ["The security token has expired"] });
});

test("fewer than there were, for whatever reason, is a problem", async () => {
  const { moved, problems } = await aQueue([aLetter("m0")], 3).run();
  expect(moved).toBe(1);
  expect(problems.join()).toContain("2 of 3 were not put back");
});

test("each keeps the id that it had first, over many redrives, unless SQS would refuse it for that", async () => {
  const ten = Object.fromEntries(Array.from({ length: 10 }, (_, n) => [`a${n}`, attribute("x")]));
  const redriven = { [ORIGINAL_MESSAGE_ID]: attribute("first") };
  const queue = aQueue([
    aLetter("new", { Body: "new" }),
    aLetter("again", { Body: "again", MessageAttributes: redriven }),
    aLetter("full", { Body: "full", MessageAttributes: ten }),
    aLetter("large", { Body: "x".repeat(MAX_MESSAGE_BYTES) }),
  ]);
  expect(await queue.run()).toMatchObject({ moved: 4, problems: [] });
  const sent = new Map(queue.sent.map(({ body, attributes }) => [body.slice(0, 5), attributes]));
  expect(sent.get("new")).toEqual({ [ORIGINAL_MESSAGE_ID]: attribute("new") });
  expect(sent.get("again")).toEqual(redriven);
  expect(sent.get("full")).toEqual(ten);
  expect(sent.get("xxxxx")).toEqual({});
});
