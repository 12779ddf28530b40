import {
  QueueDoesNotExist,
  ReceiveMessageCommand,
  SendMessageBatchCommand,
  SQSClient,
} from "@aws-sdk/client-sqs";
import { mockClient } from "aws-sdk-client-mock";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { localCredentials, localRegion } from "../../infra/local/settings.ts";
import { sqs } from "../../shared/aws/clients.ts";
import { createQueue } from "../../shared/aws/queue.ts";
import { encodeMessage } from "../../shared/domain/message-text.ts";
import { startServices } from "../support/services.ts";

const QUEUE_URL = "https://sqs.us-east-1.amazonaws.com/1/q";

describe("encodeMessage", () => {
  test("any text comes out of SQS's characters as it went in", () => {
    // https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html
    // biome-ignore lint/suspicious/noControlCharactersInRegex: the set is AWS's
    const allowed = /^[\x09\x0A\x0D\x20-\uD7FF\uE000-\uFFFD]*$/;
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => {
        const encoded = encodeMessage({ text });
        expect(encoded).toMatch(allowed);
        expect(JSON.parse(encoded)).toEqual({ text });
      }),
    );
  });
});

test("EventBridge Scheduler finds no keyword of its own in a message", () => {
  const text = "<aws.scheduler.execution-id> <aws.scheduler.attempt-number> < aws";
  expect(encodeMessage({ text })).not.toContain("<aws.scheduler.");
  expect(JSON.parse(encodeMessage({ text }))).toEqual({ text });
});

describe("against SQS", () => {
  let services: Awaited<ReturnType<typeof startServices>>;
  let client: SQSClient;
  beforeAll(async () => {
    services = await startServices();
    const { accessKeyId, secretAccessKey } = localCredentials;
    vi.stubEnv("AWS_ENDPOINT_URL_SQS", services.urls.sqs);
    vi.stubEnv("AWS_REGION", localRegion);
    vi.stubEnv("AWS_ACCESS_KEY_ID", accessKeyId);
    vi.stubEnv("AWS_SECRET_ACCESS_KEY", secretAccessKey);
    client = sqs();
  });
  afterAll(async () => {
    client?.destroy();
    vi.unstubAllEnvs();
    await services?.stop();
  });

  test("what is sent together arrives, each message once and unchanged", async () => {
    const queueUrl = services.queueUrl("IngestEventsQueue");
    const queue = createQueue(client, queueUrl);
    // More than ten, and together more than 1 MiB: several requests.
    const bodies = Array.from({ length: 23 }, (_, n) => encodeMessage({ n, fill: "😀\uFFFF".repeat(5_000) }));
    await Promise.all(bodies.map((body) => queue.send({ body, groupId: "g" })));
    const received: string[] = [];
    while (received.length < bodies.length) {
      const { Messages = [] } = await services.sqs.send(
        new ReceiveMessageCommand({ QueueUrl: queueUrl, MaxNumberOfMessages: 10, WaitTimeSeconds: 1 }),
      );
      expect(Messages.length).toBeGreaterThan(0);
      received.push(...Messages.map(({ Body = "" }) => Body));
    }
    expect(received.sort()).toEqual(bodies.sort());
  });

  test("text that JSON has to escape arrives unchanged, sent alone too", async () => {
    const queueUrl = services.queueUrl("IngestEventsQueue");
    const body = '"\\\t\n\r/ <&> \u007f é 漢 \u2028';
    await createQueue(client, queueUrl).sendNow({ body, groupId: "g" });
    const { Messages } = await services.sqs.send(
      new ReceiveMessageCommand({ QueueUrl: queueUrl, WaitTimeSeconds: 5 }),
    );
    expect(Messages?.map(({ Body }) => Body)).toEqual([body]);
  });

  test("what SQS refuses is an error of the SDK's", async () => {
    const queue = createQueue(client, `${services.urls.sqs}/000000000000/none`);
    await expect(queue.sendNow({ body: "b", groupId: "g" })).rejects.toBeInstanceOf(QueueDoesNotExist);
  });
});

describe("when SQS refuses", () => {
  const client = new SQSClient({ region: "us-east-1" });
  const mock = mockClient(client);
  const queue = createQueue(client, QUEUE_URL);
  const ids = (call: number) => {
    const input = mock.commandCalls(SendMessageBatchCommand)[call]?.args[0].input;
    return input?.Entries?.map(({ MessageBody }) => MessageBody);
  };
  const failed = (...indexes: number[]) => ({
    Successful: [],
    Failed: indexes.map((index) => ({ Id: String(index), SenderFault: false, Code: "InternalError" })),
  });

  test("some messages of a batch, only those are sent again", async () => {
    mock.reset();
    mock.on(SendMessageBatchCommand).resolvesOnce(failed(1)).resolves(failed());
    await Promise.all(["a", "b", "c"].map((body) => queue.send({ body, groupId: "g" })));
    expect([ids(0), ids(1)]).toEqual([["a", "b", "c"], ["b"]]);
  });

  test("one message for good, only its sender is told", async () => {
    mock.reset();
    mock
      .on(SendMessageBatchCommand)
      .callsFake(({ Entries }: { Entries: { Id: string; MessageBody: string }[] }) => ({
        Successful: [],
        Failed: Entries.filter(({ MessageBody }) => MessageBody === "b").map(({ Id }) => ({ Id })),
      }));
    const sending = ["a", "b", "c"].map((body) => queue.send({ body, groupId: "g" }));
    const results = await Promise.allSettled(sending);
    expect(results.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
  });

  test("a whole request, all of its senders are told", async () => {
    mock.reset();
    mock.on(SendMessageBatchCommand).rejects(new Error("down"));
    const results = await Promise.allSettled(["a", "b"].map((body) => queue.send({ body, groupId: "g" })));
    expect(results.map(({ status }) => status)).toEqual(["rejected", "rejected"]);
  });

  test("requests stay within ten messages and 1 MiB", async () => {
    mock.reset();
    mock.on(SendMessageBatchCommand).resolves(failed());
    const body = "x".repeat(400_000);
    await Promise.all(
      [...Array(12).fill("s"), body, body, body].map((text) => queue.send({ body: text, groupId: "g" })),
    );
    const requests = mock
      .commandCalls(SendMessageBatchCommand)
      .map(({ args }) => args[0].input.Entries ?? []);
    expect(requests.map((entries) => entries.length)).toEqual([10, 4, 1]);
  });
});
