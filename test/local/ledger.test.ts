import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DeleteTableCommand, DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { SetQueueAttributesCommand, SQSClient } from "@aws-sdk/client-sqs";
import { DynamoDBDocumentClient } from "@aws-sdk/lib-dynamodb";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { clientOptions } from "../../infra/local/settings.ts";
import { renewVersion } from "../../shared/aws/webhook-version.ts";
import { eventJson } from "../support/factories.ts";
import { type LocalRun, run, startLocalRun, until } from "../support/local-run.ts";
import { type Receiver, startReceiver } from "../support/receiver.ts";

const ledgerOf = (environment: Record<string, string>, ...args: string[]) =>
  run(["infra/commands/ledger/main.ts", ...args], environment);

describe("a mistake in the call is told in one sentence, with the usage", () => {
  test.each([
    [["acme"], 'Nothing to do with "acme"'],
    [["--account", "Acme"], "--account must be 1 to 64"],
    [["--since", "yesterday"], "--since must be an ISO 8601 time"],
    [["--accepted", "ids.txt"], "--accepted needs --account"],
    [["--accepted", "ids.txt", "--account", "acme"], "--accepted needs --since"],
  ])("%s", async (args, message) => {
    const { code, stderr } = await ledgerOf({ PORT: "1" }, ...args);
    expect(stderr.split("\n")[0]).toContain(message);
    expect(stderr).toContain("Accounts for every accepted event");
    expect(code).toBe(1);
  });
});

describe("against a local run", () => {
  let local: LocalRun;
  let receiver: Receiver;
  let folder: string;
  const startedAt = new Date().toISOString();
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "claimr-ledger-"));
    receiver = await startReceiver(({ path }) => ({ status: path === "/down" ? 500 : 200 }));
    local = await startLocalRun({ RETRY_DELAYS_SECONDS: "1" });
  });
  afterAll(async () => {
    await Promise.all([local?.stop(), receiver?.close()]);
    await rm(folder, { recursive: true });
  });
  const ledger = (...args: string[]) => ledgerOf({ PORT: new URL(local.url).port }, ...args);
  const register = (hook_id: string, ...paths: string[]) =>
    local.call("POST", "/webhooks", {
      hook_id,
      scope: "user_activity",
      url: paths.map((path) => receiver.url(path)),
    });
  const balance = async () => JSON.parse((await ledger("--json")).stdout).accounts[0];

  test("every accepted event is accounted for, at each endpoint, once", async () => {
    await register("up", "/one", "/two");
    await register("down", "/down");
    for (const id of ["e1", "e2", "e3", "e1"]) await local.call("POST", "/events", eventJson({ id }));
    await local.call("POST", "/events", eventJson({ id: "unwanted", scope: "user_login" }));
    await until(async () => (await balance()).waiting === 0 && (await balance()).events === 4);
    expect(await balance()).toMatchObject({
      ...{ account: "demo", events: 4, deliveries: 9 },
      ...{ delivered: 6, undelivered: 3, cancelled: 0, waiting: 0, overdue: 0 },
    });
    const [{ id } = { id: "" }] = (await local.call("GET", "/undelivered?hook_id=down")).body.items;
    await local.call("DELETE", `/undelivered/${id}`);
    expect(await balance()).toMatchObject({ undelivered: 2, cancelled: 1 });
    const { stdout, code } = await ledger();
    expect(stdout).toContain(
      "accepted × endpoints = 9 = 6 delivered + 2 undelivered + 1 cancelled + 0 waiting",
    );
    expect(stdout).toContain("queue DeliveriesDeadLetters: 0 ready, 0 in flight, 0 delayed");
    expect(code).toBe(0);
  });

  test("an event that the publisher holds for accepted, and no fan-out has seen, is named, with exit code 1", async () => {
    const file = join(folder, "accepted.txt");
    await writeFile(file, "e1\ne2\nlost-one\n");
    const { stdout, code } = await ledger("--account", "demo", "--since", startedAt, "--accepted", file);
    expect(stdout).toContain("demo: 1 accepted but not fanned out: lost-one");
    expect(code).toBe(1);
  });

  // The last: it breaks the run for good.
  test("an event whose fan-out cannot succeed is not fanned out, then a dead letter, with exit code 1", async () => {
    expect((await ledger()).code).toBe(0);
    const { dynamodb, sqs, tables, queues } = local.services;
    const named = (values: Record<string, string>, start: string) =>
      Object.entries(values).find(([name]) => name.startsWith(start))?.[1];
    const QueueUrl = named(queues, "IngestEventsQueue");
    // Five receives take twenty minutes otherwise.
    await new SQSClient(clientOptions(sqs)).send(
      new SetQueueAttributesCommand({ QueueUrl, Attributes: { VisibilityTimeout: "1" } }),
    );
    const documents = DynamoDBDocumentClient.from(new DynamoDBClient(clientOptions(dynamodb)));
    await documents.send(new DeleteTableCommand({ TableName: named(tables, "StorageWebhooks") }));
    // Fan-out asks for the webhooks anew.
    await renewVersion(documents, named(tables, "StorageDeliveries") ?? "", "demo");
    expect((await local.call("POST", "/events", eventJson({ id: "poison" }))).status).toBe(202);

    const file = join(folder, "poison.txt");
    await writeFile(file, "poison\n");
    const accepted = await ledger("--account", "demo", "--since", startedAt, "--accepted", file);
    expect(accepted.stdout).toContain("demo: 1 accepted but not fanned out: poison");
    expect(accepted.code).toBe(1);

    const given = await until(async () => {
      const answer = await ledger();
      return answer.stdout.includes("queue EventsDeadLetters: 1 ready") && answer;
    }, 30_000);
    expect(given.stdout).toContain("queue EventsDeadLetters holds 1 that could not be handled");
    expect(given.code).toBe(1);
    const asJson = await ledger("--json");
    expect(JSON.parse(asJson.stdout).problems).toHaveLength(1);
    expect(asJson.code).toBe(1);
  }, 60_000);
});
