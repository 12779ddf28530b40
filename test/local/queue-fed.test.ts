import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { threadId } from "node:worker_threads";
import { SendMessageCommand } from "@aws-sdk/client-sqs";
import { expect, onTestFinished, test } from "vitest";
import { splitByFeeding, startQueueFed } from "../../infra/local/lambda/queue-fed.ts";
import { startSqs } from "../../infra/local/services/services.ts";
import type { EventSourceMapping, LambdaFunction } from "../../infra/local/template/wiring.ts";
import { until } from "../support/local-run.ts";
import { queueArn, queueUrl, sqsTools, temporaryFolder } from "./support.ts";

const aFunction = (name: string): LambdaFunction => ({
  name,
  physicalName: `stack-${name}`,
  arn: `arn:aws:lambda:us-east-1:000000000000:function:stack-${name}`,
  timeoutSeconds: 30,
  memoryMiB: 128,
  environment: {},
});
const aMapping = (functionName: string, sqsUrl: string): EventSourceMapping => ({
  queue: {
    ...{ name: functionName, url: queueUrl(sqsUrl, functionName), arn: queueArn(functionName) },
    ...{ VisibilityTimeout: 30, MessageRetentionPeriod: 60, DelaySeconds: 0, RedrivePolicy: undefined },
  },
  ...{ functionName, batchSize: 10, batchingWindowSeconds: 0, reportsBatchItemFailures: true },
});

/** Functions with these sources, each fed by a queue of its name. What they write to `notes` is to be read there. */
async function feed(sources: Readonly<Record<string, string>>) {
  const folder = temporaryFolder();
  const notes = join(folder, "notes");
  const sqs = await startSqs(":memory:");
  onTestFinished(sqs.stop);
  const tools = sqsTools(sqs.url);
  const names = Object.keys(sources);
  for (const name of names) {
    await tools.createQueue(name);
    mkdirSync(join(folder, name));
    writeFileSync(
      join(folder, name, "handler.ts"),
      `import { appendFileSync, readFileSync } from "node:fs";
      import { threadId } from "node:worker_threads";
      const file = ${JSON.stringify(notes)};
      const note = (text: string) => appendFileSync(file, text + "\\n");
      const notes = () => readFileSync(file, "utf8");
      ${sources[name]}`,
    );
  }
  const { fed } = splitByFeeding(
    names.map(aFunction),
    names.map((name) => aMapping(name, sqs.url)),
  );
  return {
    starting: startQueueFed(fed, pathToFileURL(`${folder}/`), sqs.url),
    send: (name: string, MessageBody: string) =>
      tools.client.send(new SendMessageCommand({ QueueUrl: queueUrl(sqs.url, name), MessageBody })),
    notes: () => (existsSync(notes) ? readFileSync(notes, "utf8").trim().split("\n") : []),
  };
}

test("each function is fed in a thread of its own, and one that is busy keeps no other from its work", async () => {
  const { starting, send, notes } = await feed({
    // It holds its thread until the other has been here.
    busy: `export async function handler() {
      note("busy " + threadId);
      while (!notes().includes("quick"));
      note("freed");
    }`,
    quick: `export const handler = async ({ Records }) => note("quick " + threadId + " " + Records[0].body);`,
  });
  const threads = await Promise.all(starting);
  await send("busy", "body");
  await until(() => notes().length === 1);
  await send("quick", "body");
  await until(() => notes().includes("freed"));
  await Promise.all(threads.map((thread) => thread.stop()));

  const [busy, quick] = notes().map((note) => note.split(" "));
  expect(quick).toEqual(["quick", expect.stringMatching(/^\d+$/), "body"]);
  expect(new Set([String(threadId), busy?.[1], quick?.[1]]).size).toBe(3);
});

test("stopping waits for what is under way", async () => {
  const { starting, send, notes } = await feed({
    work: `export async function handler() {
      note("begun");
      await new Promise((resolve) => setTimeout(resolve, 300));
      note("ended");
    }`,
  });
  const [thread] = await Promise.all(starting);
  await send("work", "body");
  await until(() => notes().includes("begun"));
  await thread?.stop();
  expect(notes()).toEqual(["begun", "ended"]);
});

test("a function that cannot be loaded is named", async () => {
  const { starting } = await feed({ work: 'throw new Error("no such table");' });
  await expect(starting[0]).rejects.toThrow("The local function work did not start: no such table.");
});

test("what queues do not feed, requests call", () => {
  const [fed, called] = [aFunction("fed"), aFunction("called")];
  const mapping = aMapping("fed", "http://127.0.0.1:1");
  expect(splitByFeeding([fed, called], [mapping])).toEqual({
    fed: [{ lambda: fed, mappings: [mapping] }],
    called: [called],
  });
});
