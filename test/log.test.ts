import { spawnSync } from "node:child_process";
import { createServer } from "node:http";
import { DynamoDBClient, GetItemCommand } from "@aws-sdk/client-dynamodb";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { closeServer, listen } from "../infra/local/http-server.ts";
import { clientOptions } from "../infra/local/settings.ts";
import { apiKeyRecord } from "../shared/domain/api-key.ts";
import { readDeliveryMessage } from "../shared/domain/delivery.ts";
import { readPublication } from "../shared/domain/publication.ts";
import { webhook } from "../shared/domain/webhook.ts";
import { log } from "../shared/log.ts";
import { captureLambdaLines } from "./support/monitoring/lambda-console.ts";

const CANARY = "canary-5f0c";

/** The lines that are written meanwhile, and when its turn has ended. */
async function written(work: () => void): Promise<string[]> {
  const captured = captureLambdaLines();
  try {
    work();
  } finally {
    await captured.restore();
  }
  return captured.lines();
}

/** All that the log says of what is thrown. */
async function logged(work: () => unknown): Promise<string> {
  const lines = await written(() => tellOf(work));
  expect(lines).toHaveLength(3);
  return lines.join("\n");
}

function tellOf(work: () => unknown): void {
  try {
    work();
  } catch (error) {
    log.error("message.failed", error);
    log.error("message.failed", new AggregateError([error], "several"));
    log.error("message.failed", new Error("outer", { cause: error }));
  }
}

test.each<[string, () => unknown]>([
  ["text that is no JSON", () => JSON.parse(`${CANARY}`)],
  ["text that begins as JSON", () => JSON.parse(`"${CANARY}" x`)],
  ["JSON that breaks off in the middle", () => JSON.parse(`{"a":"b" ${CANARY}}`)],
  [
    "a long one",
    () => JSON.parse(`{"a":[1,2,3,4,5,6,7,8,9,10,11,12,13,14], ${CANARY} "z":${"1".repeat(99)}}`),
  ],
  ["one with quotes and lines", () => JSON.parse(`{"a": '"${CANARY}"\n"x`)],
  ["a delivery's message", () => readDeliveryMessage(`{"body": ${CANARY}}`)],
  [
    "a delivery's message of the wrong shape",
    () => readDeliveryMessage(JSON.stringify({ body: [CANARY], url: CANARY })),
  ],
  ["a schedule's dead letter", () => readDeliveryMessage(JSON.stringify({ MessageBody: `x${CANARY}` }))],
  ["a publication", () => readPublication(`[${CANARY}]`, new Date())],
  [
    "a publication of the wrong shape",
    () =>
      readPublication(
        JSON.stringify({ account: CANARY.toUpperCase(), events: [{ id: `.${CANARY}`, scope: CANARY }] }),
        new Date(),
      ),
  ],
  [
    "a bus event of the wrong shape",
    () =>
      readPublication(
        JSON.stringify({
          "detail-type": CANARY,
          time: CANARY,
          detail: { account: "A", event: { user: [CANARY] } },
        }),
        new Date(),
      ),
  ],
  [
    "a stored webhook of the wrong shape",
    () =>
      webhook.parse({
        urls: [],
        scope: CANARY,
        hook_id: `.${CANARY}`,
        status: CANARY,
        secrets: [{ secret: CANARY, expires_at: CANARY }],
      }),
  ],
  [
    "a stored key of the wrong shape",
    () => apiKeyRecord.parse({ key_hash: 1, account: `.${CANARY}`, roles: [CANARY] }),
  ],
])("the log names a failure, and repeats nothing of what it was about: %s", async (_, work) => {
  const lines = await logged(work);
  expect(lines).not.toContain(CANARY);
  expect(lines).not.toContain(CANARY.toUpperCase());
  // What it was is still to be seen.
  expect(lines).toMatch(/JSON|ZodError|Problem/);
});

test("an error that is no SyntaxError is logged as it is", async () => {
  const message = 'Unexpected "thing" is not valid JSON';
  const [line = ""] = await written(() => log.error("request.failed", new Error(message), { a: 1 }));
  expect(JSON.parse(line)).toMatchObject({ a: 1, error: { message } });
});

test("a line is JSON as it stands: of what happened its name and fields, of a failure time and level too", async () => {
  const lines = await written(() => {
    log.info("delivery.attempted", { account: "acme", note: "50 %s\n", left_out: undefined });
    log.error("message.failed", "ours", { account: "acme" });
  });
  expect(lines[0]).toBe('{"event":"delivery.attempted","account":"acme","note":"50 %s\\n"}');
  expect(JSON.parse(lines[1] ?? "")).toEqual({
    ...{ timestamp: expect.any(String), level: "ERROR", event: "message.failed" },
    ...{ account: "acme", error: "ours" },
  });
  expect(lines).toHaveLength(2);
});

describe("what is written when", () => {
  const told = { event: "delivery.attempted" };
  /** What each write has, line by line. */
  function watchWrites() {
    const writes: unknown[][] = [];
    const spy = vi.spyOn(process.stdout, "write").mockImplementation((text) => {
      writes.push(
        String(text)
          .trimEnd()
          .split("\n")
          .map((line) => JSON.parse(line)),
      );
      return true;
    });
    onTestFinished(() => spy.mockRestore());
    return writes;
  }

  test("lines of one turn are one write, at its end, also of what goes on by promises", async () => {
    const writes = watchWrites();
    const turn = new Promise((resolve) => setImmediate(resolve));
    for (let n = 0; n < 10; n++) void Promise.resolve().then(async () => log.info("delivery.attempted", {}));
    log.info("delivery.attempted", {});
    expect(writes).toEqual([]);
    await turn;
    expect(writes).toEqual([Array(11).fill(told)]);
    log.info("delivery.attempted", {});
    await new Promise((resolve) => setImmediate(resolve));
    expect(writes.slice(1)).toEqual([[told]]);
  });

  test("a failure is written at once, with what came before it", () => {
    const writes = watchWrites();
    log.info("delivery.attempted", {});
    log.error("message.failed", "ours");
    expect(writes).toEqual([[told, expect.objectContaining({ event: "message.failed" })]]);
  });

  test("a process that ends in the middle of a turn has written its lines", () => {
    const module = new URL("../shared/log.ts", import.meta.url).href;
    const script = `import { log } from "${module}"; log.info("delivery.attempted", {}); process.exit(3);`;
    const { stdout, status } = spawnSync(process.execPath, ["--input-type=module", "--eval", script]);
    expect([JSON.parse(String(stdout)), status]).toEqual([told, 3]);
  });
});

test("nothing fails for its log line: what JSON cannot carry is left out of it", async () => {
  const cycle: Record<string, unknown> = {};
  cycle.itself = cycle;
  const own = new Error("its own cause");
  own.cause = own;
  const lines = await written(() => {
    log.info("event.accepted", { cycle, count: 10n, deep: [10n], account: "acme", left_out: undefined });
    log.error("message.failed", own);
  });
  expect(JSON.parse(lines[0] ?? "")).toEqual({
    ...{ event: "event.accepted", cycle: "no JSON", count: "10", deep: "no JSON", account: "acme" },
  });
  expect(JSON.parse(lines[1] ?? "")).toMatchObject({ error: { cause: { message: "its own cause" } } });
});

test("an answer of AWS that is no JSON is not quoted", async () => {
  const server = createServer((_, response) => {
    response.setHeader("content-type", "application/x-amz-json-1.0");
    response.end(`{"Item":{"secret":{"S":${CANARY}}}}`);
  });
  const client = new DynamoDBClient({ ...clientOptions(await listen(server, 0)), maxAttempts: 1 });
  onTestFinished(async () => {
    client.destroy();
    await closeServer(server);
  });
  const command = new GetItemCommand({ TableName: "webhooks", Key: { account: { S: "acme" } } });
  const error: unknown = await client.send(command).catch((thrown: unknown) => thrown);
  expect(String(error)).toContain(CANARY.slice(0, 4));
  const lines = await logged(() => {
    throw error;
  });
  expect(lines).not.toContain(CANARY);
  expect(lines).toContain("not valid JSON");
});
