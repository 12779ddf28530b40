import { execFile } from "node:child_process";
import { once } from "node:events";
import { statSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { type AddressInfo, connect, createServer as createTcpServer } from "node:net";
import { join } from "node:path";
import { promisify } from "node:util";
import { SendMessageCommand } from "@aws-sdk/client-sqs";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { type LocalRun, run, startLocalRun, until } from "../support/local-run.ts";
import { sqsTools, temporaryFolder } from "./support.ts";

/** Starts what cannot start. @returns the one sentence it says */
async function failure(environment: Record<string, string>): Promise<string> {
  const { code, stdout, stderr } = await run(["infra/local/main.ts"], {
    PORT: "0",
    DATA_DIR: ":memory:",
    ...environment,
  });
  expect(stdout).toBe("");
  expect(stderr.trim().split("\n")).toHaveLength(1);
  expect(code).toBe(1);
  return stderr.trim();
}

describe("a start that cannot succeed ends with one sentence and exit code 1", () => {
  test("a taken port", async () => {
    const holder = createTcpServer().listen(0, "127.0.0.1");
    await once(holder, "listening");
    onTestFinished(() => void holder.close());
    const { port } = holder.address() as AddressInfo;
    const sentence = await failure({ PORT: String(port) });
    expect(sentence).toBe(`Port ${port} is taken: stop what listens there, or set PORT.`);
  });

  test("bad settings, all of them named", async () => {
    expect(await failure({ PORT: "http", SEED: "-1" })).toMatch(/PORT.*SEED|SEED.*PORT/);
  });

  test("a DATA_DIR that cannot be written", async () => {
    const file = join(temporaryFolder(), "file");
    writeFileSync(file, "");
    expect(await failure({ DATA_DIR: join(file, "data") })).toContain("Cannot write to DATA_DIR");
  });
});

describe("a run", () => {
  let local: LocalRun;
  beforeAll(async () => {
    local = await startLocalRun({ LOCAL_API_KEY: "given-key" });
  });
  afterAll(() => local.kill());

  test("takes the key it is given", async () => {
    expect(local.apiKey).toBe("given-key");
    expect((await local.call("GET", "/webhooks")).status).toBe(200);
    expect((await local.call("GET", "/webhooks", undefined, "another")).status).toBe(401);
  });

  test("listens on 127.0.0.1 only", async () => {
    const { dynamodb, sqs, scheduler } = local.services;
    for (const address of [local.url, dynamodb, sqs, scheduler]) {
      const { hostname, port } = new URL(address);
      expect(await accepts(hostname, Number(port)), address).toBe(true);
      // Also this machine, so that a socket on 0.0.0.0 would answer.
      expect(await accepts("127.0.0.2", Number(port)), address).toBe(false);
    }
  });

  test("prints commands that work when pasted, and delivers what they publish", async () => {
    const received: string[] = [];
    const receiver = createServer((request, response) => {
      received.push(String(request.headers["webhook-id"]));
      response.end();
    }).listen(0, "127.0.0.1");
    await once(receiver, "listening");
    onTestFinished(() => void receiver.close());
    const { port } = receiver.address() as AddressInfo;
    const commands = local
      .output()
      .split("\n")
      .filter((line) => line.trim().startsWith("curl"));
    const [register = "", publish = ""] = commands.map((line) =>
      line.replace("127.0.0.1:4000", `127.0.0.1:${port}`),
    );

    expect(JSON.parse(await shell(register))).toMatchObject({ hook_id: "my-first-webhook" });
    expect(JSON.parse(await shell(register))).toMatchObject({
      status: 409,
      detail: expect.stringContaining("my-first-webhook"),
    });
    const { id } = JSON.parse(await shell(publish));
    expect(await until(() => received[0])).toBe(id);
  });

  test("prints the key as a line for a shell", async () => {
    const line = /^ +KEY=.*$/m.exec(local.output())?.[0];
    expect(await shell(`${line}; printf %s "$KEY"`)).toBe(local.apiKey);
  });

  test("drains and exits with 0 when it is interrupted", async () => {
    expect(await local.stop()).toBe(0);
  });
});

describe("a run on a DATA_DIR", () => {
  test("has it for itself, and what it held is there after kill -9 and a start on other ports", async () => {
    const DATA_DIR = temporaryFolder();
    const first = await startLocalRun({ DATA_DIR });
    onTestFinished(first.kill);
    expect(await failure({ DATA_DIR })).toContain("is in use by another run");
    // Nothing consumes a dead-letter queue, so the message stays where it is.
    const QueueUrl = first.services.queues.IngestEventsDeadLetters;
    await sqsTools(first.services.sqs).client.send(new SendMessageCommand({ QueueUrl, MessageBody: "kept" }));
    const webhook = { scope: "user_activity", url: "http://127.0.0.1:4000/", hook_id: "kept" };
    expect((await first.call("POST", "/webhooks", webhook)).status).toBe(201);
    await first.kill();

    const second = await startLocalRun({ DATA_DIR });
    onTestFinished(second.kill);
    const { sqs, queues } = second.services;
    const [message] = await sqsTools(sqs).receive(queues.IngestEventsDeadLetters ?? "", 5);
    expect(message?.Body).toBe("kept");
    // The key it made is remembered too, in a file for its owner only, and the webhook is that account's.
    expect(second.apiKey).toBe(first.apiKey);
    expect(statSync(join(DATA_DIR, "api-key")).mode & 0o777).toBe(0o600);
    expect((await second.call("GET", "/webhooks/kept")).status).toBe(200);
  });
});

function accepts(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, host);
    socket.once("connect", () => resolve(true)).once("error", () => resolve(false));
    socket.once("connect", () => socket.destroy());
  });
}

/** Runs a command as if pasted. @returns what it printed */
async function shell(command: string): Promise<string> {
  return (await promisify(execFile)("sh", ["-c", command])).stdout;
}
