import {
  DescribeTableCommand,
  DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
} from "@aws-sdk/client-dynamodb";
import { GetQueueAttributesCommand, SendMessageCommand } from "@aws-sdk/client-sqs";
import { describe, expect, onTestFinished, test } from "vitest";
import { createQueues, createTables } from "../../infra/local/services/resources.ts";
import { startDynamoDb, startSqs } from "../../infra/local/services/services.ts";
import { clientOptions } from "../../infra/local/settings.ts";
import type { Queue, Table } from "../../infra/local/template/wiring.ts";
import { queueArn, queueUrl, sqsTools, temporaryFolder } from "./support.ts";

const table: Table = {
  TableName: "things",
  AttributeDefinitions: [{ AttributeName: "id", AttributeType: "S" }],
  KeySchema: [{ AttributeName: "id", KeyType: "HASH" }],
};

const aQueue = (sqsUrl: string, name: string, overrides: Partial<Queue> = {}): Queue => ({
  name,
  url: queueUrl(sqsUrl, name),
  arn: queueArn(name),
  VisibilityTimeout: 180,
  MessageRetentionPeriod: 1_209_600,
  DelaySeconds: 0,
  RedrivePolicy: undefined,
  ...overrides,
});

async function startTestSqs(dataDir: string) {
  const sqs = await startSqs(dataDir);
  onTestFinished(sqs.stop);
  return { ...sqs, ...sqsTools(sqs.url) };
}

describe("DynamoDB", () => {
  test("keeps tables and items over a restart, and takes the existing table for the wanted one", async () => {
    const dataDir = temporaryFolder();
    const first = await startDynamoDb(dataDir);
    await createTables(first.url, [table]);
    const before = new DynamoDBClient(clientOptions(first.url));
    await before.send(new PutItemCommand({ TableName: "things", Item: { id: { S: "1" } } }));
    await first.stop();

    const second = await startDynamoDb(dataDir);
    onTestFinished(second.stop);
    await createTables(second.url, [table]);
    const after = new DynamoDBClient(clientOptions(second.url));
    const { Item } = await after.send(new GetItemCommand({ TableName: "things", Key: { id: { S: "1" } } }));
    expect(Item).toEqual({ id: { S: "1" } });
  });

  test("has a new table ready at once", async () => {
    const service = await startDynamoDb(":memory:");
    onTestFinished(service.stop);
    await createTables(service.url, [table]);
    const client = new DynamoDBClient(clientOptions(service.url));
    const { Table: found } = await client.send(new DescribeTableCommand({ TableName: "things" }));
    expect(found?.TableStatus).toBe("ACTIVE");
  });
});

describe("SQS", () => {
  test("gives a queue the template's attributes, also one that an earlier run made with others", async () => {
    const { url, client } = await startTestSqs(":memory:");
    const RedrivePolicy = { deadLetterTargetArn: queueArn("dead"), maxReceiveCount: 5 };
    await createQueues(url, [aQueue(url, "jobs"), aQueue(url, "dead")]);
    await createQueues(url, [
      aQueue(url, "jobs", { VisibilityTimeout: 360, RedrivePolicy }),
      aQueue(url, "dead"),
    ]);

    const { Attributes } = await client.send(
      new GetQueueAttributesCommand({ QueueUrl: queueUrl(url, "jobs"), AttributeNames: ["All"] }),
    );
    expect(Attributes).toMatchObject({ VisibilityTimeout: "360", MessageRetentionPeriod: "1209600" });
    expect(JSON.parse(Attributes?.RedrivePolicy ?? "")).toEqual(RedrivePolicy);
  });

  test("after a restart has messages waiting, delayed and in flight, these last at once", async () => {
    const dataDir = temporaryFolder();
    const first = await startSqs(dataDir);
    const before = sqsTools(first.url);
    await createQueues(first.url, [aQueue(first.url, "jobs")]);
    const jobs = queueUrl(first.url, "jobs");
    await before.client.send(new SendMessageCommand({ QueueUrl: jobs, MessageBody: "in flight" }));
    expect(await before.receive(jobs)).toHaveLength(1);
    await before.client.send(new SendMessageCommand({ QueueUrl: jobs, MessageBody: "waiting" }));
    await before.client.send(
      new SendMessageCommand({ QueueUrl: jobs, MessageBody: "delayed", DelaySeconds: 2 }),
    );
    await first.stop();

    const after = await startTestSqs(dataDir);
    await createQueues(after.url, [aQueue(after.url, "jobs")]);
    const again = queueUrl(after.url, "jobs");
    const bodies = (await after.receive(again, 5)).map(({ Body }) => Body);
    expect(bodies.toSorted()).toEqual(["in flight", "waiting"]);
    expect((await after.receive(again, 5)).map(({ Body }) => Body)).toEqual(["delayed"]);
  });

  test("a message that many crashes interrupted is not a dead letter, and is still known as handed out before", async () => {
    const dataDir = temporaryFolder();
    const RedrivePolicy = { deadLetterTargetArn: queueArn("dead"), maxReceiveCount: 2 };
    const counts: (string | undefined)[] = [];
    for (let life = 0; life < 4; life++) {
      const sqs = await startSqs(dataDir);
      const { client, receive } = sqsTools(sqs.url);
      const QueueUrl = queueUrl(sqs.url, "jobs");
      await createQueues(sqs.url, [aQueue(sqs.url, "jobs", { RedrivePolicy }), aQueue(sqs.url, "dead")]);
      if (life === 0) await client.send(new SendMessageCommand({ QueueUrl, MessageBody: "unlucky" }));
      const messages = await receive(QueueUrl);
      counts.push(...messages.map(({ Attributes }) => Attributes?.ApproximateReceiveCount));
      await sqs.stop();
    }
    expect(counts).toEqual(["1", "2", "2", "2"]);
  });
});
