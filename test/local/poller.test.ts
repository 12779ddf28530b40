import { SendMessageBatchCommand, SendMessageCommand } from "@aws-sdk/client-sqs";
import type { SQSEvent, SQSRecord } from "aws-lambda";
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from "vitest";
import { type Poller, startPoller } from "../../infra/local/lambda/poller.ts";
import { type Service, startSqs } from "../../infra/local/services/services.ts";
import { log } from "../../shared/log.ts";
import { until } from "../support/local-run.ts";
import { queueArn, sqsTools } from "./support.ts";

let sqs: Service;
let tools: ReturnType<typeof sqsTools>;
const pollers: Poller[] = [];

beforeAll(async () => {
  vi.spyOn(log, "error").mockReturnValue();
  sqs = await startSqs(":memory:");
  tools = sqsTools(sqs.url);
});
afterAll(async () => {
  await Promise.all(pollers.map((poller) => poller.stop()));
  await sqs.stop();
});

type Handle = (records: readonly SQSRecord[]) => unknown;

/** A queue of its own for each test, and a poller that feeds `handle` from it. */
async function feed(handle: Handle, attributes: Record<string, string> = {}, batchSize = 10, reports = true) {
  const name = `jobs-${pollers.length}`;
  const url = await tools.createQueue(name, attributes);
  const poller = startPoller(
    {
      queue: {
        name,
        url,
        arn: queueArn(name),
        VisibilityTimeout: 30,
        MessageRetentionPeriod: 60,
        DelaySeconds: 0,
        RedrivePolicy: undefined,
      },
      functionName: "worker",
      batchSize,
      batchingWindowSeconds: 0,
      reportsBatchItemFailures: reports,
    },
    sqs.url,
    async (_, event) => handle((event as SQSEvent).Records),
  );
  pollers.push(poller);
  const send = (...bodies: string[]) =>
    tools.client.send(
      new SendMessageBatchCommand({
        QueueUrl: url,
        Entries: bodies.map((MessageBody, index) => ({ Id: String(index), MessageBody })),
      }),
    );
  return { url, name, send, poller };
}

async function counts(
  name: string,
): Promise<{ approximateMessageCount: number; approximateInflightCount: number } | undefined> {
  const answer = await fetch(`${sqs.url}/_fauxqs/queues`);
  const list = (await answer.json()) as {
    name: string;
    approximateMessageCount: number;
    approximateInflightCount: number;
  }[];
  return list.find((queue) => queue.name === name);
}

const tick = () => new Promise<boolean>((resolve) => setTimeout(() => resolve(true), 10));

const isEmpty = async (name: string) => {
  const found = await counts(name);
  return found?.approximateMessageCount === 0 && found.approximateInflightCount === 0;
};

describe("startPoller", () => {
  test("hands over records in Lambda's shape and deletes what succeeded", async () => {
    const seen: SQSRecord[] = [];
    const { name, url } = await feed((records) => void seen.push(...records));
    await tools.client.send(
      new SendMessageCommand({
        QueueUrl: url,
        MessageBody: "hello",
        MessageAttributes: { kind: { DataType: "String", StringValue: "greeting" } },
      }),
    );
    const record = await until(() => seen[0]);
    expect(record).toMatchObject({
      messageId: expect.any(String),
      receiptHandle: expect.any(String),
      body: "hello",
      md5OfBody: "5d41402abc4b2a76b9719d911017c592",
      attributes: { ApproximateReceiveCount: "1", SentTimestamp: expect.stringMatching(/^\d{13}$/) },
      messageAttributes: { kind: { stringValue: "greeting", dataType: "String" } },
      eventSource: "aws:sqs",
      eventSourceARN: queueArn(name),
      awsRegion: "us-east-1",
    });
    await until(() => isEmpty(name));
  });

  test("returns only the messages that the function names as failed, after their visibility timeout", async () => {
    const seen: string[] = [];
    const { name, send } = await feed(
      (records) => {
        seen.push(...records.map(({ body }) => body));
        const failed = records.filter(
          ({ body, attributes }) => body === "bad" && attributes.ApproximateReceiveCount === "1",
        );
        return { batchItemFailures: failed.map(({ messageId }) => ({ itemIdentifier: messageId })) };
      },
      { VisibilityTimeout: "1" },
    );
    await send("good", "bad", "fine");
    await until(() => isEmpty(name));
    expect(seen.filter((body) => body === "bad")).toHaveLength(2);
    expect(seen.toSorted()).toEqual(["bad", "bad", "fine", "good"]);
  });

  test.each([
    ["throws", () => Promise.reject(new Error("boom"))],
    ["answers nonsense", () => ({ batchItemFailures: "all of them" })],
    ["names a message it was not given", () => ({ batchItemFailures: [{ itemIdentifier: "stranger" }] })],
  ])("deletes nothing when the function %s, and does not spin", async (_, handle) => {
    let calls = 0;
    const { name, send } = await feed(() => {
      calls += 1;
      return handle();
    });
    await send("a", "b");
    await until(async () => (await counts(name))?.approximateInflightCount === 2 && calls > 0);
    expect(calls).toBe(1);
  });

  test("lets the redrive policy take a poison message away", async () => {
    const dead = await tools.createQueue("dead");
    const RedrivePolicy = JSON.stringify({ deadLetterTargetArn: queueArn("dead"), maxReceiveCount: 2 });
    const { send } = await feed(() => Promise.reject(new Error("boom")), {
      VisibilityTimeout: "1",
      RedrivePolicy,
    });
    await send("poison");
    const [message] = await tools.receive(dead, 10);
    expect(message?.Body).toBe("poison");
  });

  test("never hands over more than the batch size, and works on several batches at once", async () => {
    const sizes: number[] = [];
    let release = () => {};
    const released = new Promise<void>((resolve) => {
      release = resolve;
    });
    const { name, send } = await feed(
      async (records) => {
        sizes.push(records.length);
        await released;
      },
      {},
      2,
    );
    await send("1", "2", "3", "4", "5", "6");
    await until(() => sizes.reduce((sum, size) => sum + size, 0) === 6);
    expect(Math.max(...sizes)).toBeLessThanOrEqual(2);
    release();
    await until(() => isEmpty(name));
  });

  /**
   * Batches of one, each under way until it is released: 40 wait for eleven places.
   * There is no twelfth, as the clock by which the poller adds places stands still.
   */
  async function feedHeld() {
    vi.useFakeTimers({ toFake: ["Date"] });
    onTestFinished(() => void vi.useRealTimers());
    let working = 0;
    let begun = 0;
    let most = 0;
    const releases: (() => void)[] = [];
    const { send, poller } = await feed(
      async () => {
        begun++;
        working++;
        most = Math.max(most, working);
        await new Promise<void>((resolve) => releases.push(resolve));
        working--;
      },
      {},
      1,
    );
    const releaseUntil = async (end: Promise<unknown>) => {
      for (let left = true; left; left = await Promise.race([end.then(() => false), tick()]))
        for (const release of releases.splice(0)) release();
    };
    onTestFinished(() => releaseUntil(poller.stop()));
    for (let n = 0; n < 4; n++) await send(...Array.from({ length: 10 }, (_, m) => `${n}-${m}`));
    await until(() => working >= 10);
    return { poller, releases, releaseUntil, begun: () => begun, most: () => most };
  }

  test("a place that becomes free is taken once, however many wait for it", async () => {
    const { releases, releaseUntil, begun, most } = await feedHeld();
    for (let n = 0; n < 8; n++) {
      const before = begun();
      releases.shift()?.();
      await until(() => begun() > before || most() > 11);
    }
    await releaseUntil(until(() => begun() === 40));
    expect(most()).toBeLessThanOrEqual(11);
  });

  test("places that become free once it was told to stop stay free", async () => {
    const { poller, releaseUntil, begun } = await feedHeld();
    const before = begun();
    await releaseUntil(poller.stop());
    // One may have been on its way already.
    expect(begun() - before).toBeLessThanOrEqual(1);
  });

  test("finishes the batch in flight before it has stopped, and receives no more", async () => {
    const seen: string[] = [];
    let release = () => {};
    const released = new Promise<void>((resolve) => {
      release = resolve;
    });
    const { name, send, poller } = await feed(async (records) => {
      seen.push(...records.map(({ body }) => body));
      await released;
    });
    await send("first");
    await until(() => seen[0]);
    const stopped = poller.stop();
    release();
    await stopped;
    expect(await isEmpty(name)).toBe(true);
    await send("second");
    expect((await counts(name))?.approximateMessageCount).toBe(1);
    expect(seen).toEqual(["first"]);
  });
});
