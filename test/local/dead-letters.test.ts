import {
  DeleteMessageCommand,
  DeleteQueueCommand,
  type MessageAttributeValue,
  PurgeQueueCommand,
  ReceiveMessageCommand,
  SendMessageBatchCommand,
  type SendMessageBatchRequestEntry,
  SendMessageCommand,
  SQSClient,
} from "@aws-sdk/client-sqs";
import { mockClient } from "aws-sdk-client-mock";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { toLetter } from "../../infra/commands/dead-letters/letter.ts";
import { sendLetters } from "../../infra/commands/dead-letters/move.ts";
import { endpointGroup } from "../../shared/domain/delivery.ts";
import { encodeMessage } from "../../shared/domain/message-text.ts";
import { AT, aMessage, eventJson } from "../support/factories.ts";
import { type IdleStage, startIdleStage } from "../support/idle-stage.ts";
import { run } from "../support/local-run.ts";
import { sqsTools } from "./support.ts";

const deadLetters = (...args: string[]) =>
  run(["infra/commands/dead-letters/main.ts", ...args], { PORT: "1" });

describe("a mistake in the call is told in one sentence, with the usage, before it connects", () => {
  test.each([
    ["purge", "Unknown command purge"],
    ["list events", 'Nothing to do with "events"'],
    ["list --queue bus", "--queue must be events, deliveries, redeliveries"],
    ["list --limit 0", "--limit must be a whole number from 1 to 1000"],
    ["list --max 5", "--max is for redrive; list takes --limit"],
    ["redrive --max some", "--max must be a whole number from 1 to"],
    ["redrive --limit 5", "--limit is for list; redrive takes --max"],
  ])("%s: %s", async (args, message) => {
    const { code, stdout, stderr } = await deadLetters(...args.split(" "));
    expect(stderr.split("\n")[0]).toContain(message);
    expect(stderr).toContain("Shows what the functions could not handle");
    expect(stdout).toBe("");
    expect(code).toBe(1);
  });
});

test.each([
  ["its own", { MessageGroupId: "ep_own" }, encodeMessage(aMessage()), "ep_own"],
  ["that of the schedule", {}, '{"MessageBody":"{}","MessageGroupId":"ep_due"}', "ep_due"],
  ["its endpoint's", {}, encodeMessage(aMessage()), endpointGroup(aMessage())],
  ["its account's", {}, '{"account":"acme","events":[]}', "acme"],
  ["none", {}, "unreadable", undefined],
  ["none that SQS would refuse it for", {}, '{"MessageBody":"{}","MessageGroupId":"a b"}', undefined],
  ["nor this", {}, JSON.stringify({ account: "é", events: [] }), undefined],
])("a message is put back for a tenant: %s", async (_, Attributes, Body, group) => {
  const letter = toLetter({ MessageId: "m", ReceiptHandle: "r", Body, Attributes });
  const sent: (SendMessageBatchRequestEntry | undefined)[] = [];
  // The first time SQS takes none: what fails is sent again.
  const sqs = new SQSClient();
  mockClient(sqs)
    .on(SendMessageBatchCommand)
    .resolvesOnce({ Successful: [], Failed: [{ Id: "0", Code: "InternalError", SenderFault: false }] })
    .callsFake(({ Entries = [] }) => {
      sent.push(...Entries);
      return {};
    });
  const { letters, refusal } = await sendLetters(sqs, "https://sqs/queue", [letter]);
  expect(letters).toEqual([letter]);
  expect(refusal).toBeUndefined();
  const MessageAttributes = { original_message_id: { DataType: "String", StringValue: "m" } };
  expect(sent).toEqual([
    { Id: "0", MessageBody: Body, MessageAttributes, ...(group && { MessageGroupId: group }) },
  ]);
});

describe("against a stage", () => {
  let stage: IdleStage;
  let tools: ReturnType<typeof sqsTools>;
  const queues = {
    events: ["IngestEventsDeadLetters", "IngestEventsQueue"],
    deliveries: ["DeliveryDeliveriesDeadLetters", "DeliveryDeliveriesQueue"],
    slow: ["DeliveryDeliveriesDeadLetters", "DeliverySlowDeliveriesQueue"],
    redeliveries: ["RedeliveryRedeliveriesDeadLetters", "RedeliveryRedeliveriesQueue"],
  } as const;
  type Name = keyof typeof queues;
  beforeAll(async () => {
    stage = await startIdleStage();
    tools = sqsTools(stage.urls.sqs);
  });
  afterAll(() => stage?.stop());
  const deadUrl = (name: Name) => stage.queueUrl(queues[name][0]);
  const sourceUrl = (name: Name) => stage.queueUrl(queues[name][1]);
  async function bury(name: Name, body: string, attributes: Record<string, MessageAttributeValue> = {}) {
    const message = { QueueUrl: deadUrl(name), MessageBody: body, MessageAttributes: attributes };
    await stage.sqs.send(new SendMessageCommand(message));
  }
  /** Takes all that a queue holds. */
  async function take(url: string) {
    const taken = [];
    for (;;) {
      const some = await tools.receive(url);
      if (some.length === 0) return taken;
      taken.push(...some);
    }
  }
  const redrive = (...args: string[]) => stage.command("dead-letters", "redrive", ...args);
  beforeEach(async () => {
    for (const [letters, source] of Object.values(queues)) {
      for (const name of [letters, source])
        await stage.sqs.send(new PurgeQueueCommand({ QueueUrl: stage.queueUrl(name) }));
    }
  });

  const secretUrl = "https://hooks.example.com/T0KEN/path?key=s3cret";
  const message = aMessage({ url: secretUrl });
  const scheduled = { QueueUrl: "https://sqs/gone", MessageGroupId: "ep_1" };
  const fromBus = {
    ...{ version: "0", id: "9a7f0e0c-3c0b-4d7e-9c4e-0123456789ab", "detail-type": "campaign", time: AT },
    detail: { account: "globex", event: JSON.parse(eventJson({ id: "from-the-bus" })) },
  };
  const publication = {
    ...{ account: "acme", accepted_at: AT, is_counted: true },
    events: ["one", "two"].map((id) => ({
      id,
      scope: "user_activity",
      campaign: "c",
      body: eventJson({ id }),
    })),
  };

  test("list says what each is about, and neither body nor path, and leaves all in sight", async () => {
    await bury("deliveries", encodeMessage(message));
    await bury("events", encodeMessage(publication));
    await bury("events", encodeMessage(fromBus));
    await bury("redeliveries", encodeMessage({ kind: "delivery", delivery_id: "dlv_x", given_up_at: AT }));
    await bury("redeliveries", "no JSON of ours");
    await bury("redeliveries", encodeMessage({ account: "\u001b[31mred", hook_id: 7 }));
    const first = await stage.command("dead-letters", "list");
    expect(first.code).toBe(0);
    const rows = first.stdout.split("\n").map((line) => line.trim().split(/ {2,}/));
    // How old each is depends on the machine.
    const lines = rows.map((cells) => (cells.length > 1 ? cells.slice(1) : cells));
    expect(lines).toContainEqual(["events: 2"]);
    expect(lines).toContainEqual(["1", "acme", "one and 1 more", "-", "-", "-"]);
    expect(lines).toContainEqual(["1", "globex", "from-the-bus", "-", "-", "-"]);
    expect(lines).toContainEqual(["deliveries: 1"]);
    const known = ["acme", message.event_id, "hook", "https://hooks.example.com", "fast"];
    expect(lines).toContainEqual(["1", ...known]);
    expect(lines).toContainEqual(["1", "-", "dlv_x", "-", "-", "-"]);
    expect(lines).toContainEqual(["1", "?[31mred", "-", "-", "-", "-"]);
    for (const hidden of ["T0KEN", "s3cret", "user@", "no JSON", "\u001b"])
      expect(first.stdout).not.toContain(hidden);

    const second = await stage.command("dead-letters", "list", "--queue", "events", "--limit", "1");
    expect(second.stdout.split("\n")[0]).toBe("events: 2");
    expect(
      second.stdout.split("\n").filter((line) => line.includes("acme") || line.includes("globex")),
    ).toHaveLength(1);
    expect(second.stdout).not.toContain("deliveries");
  });

  test("redrive puts each back where it belongs: its queue, its lane, with its attributes", async () => {
    await bury("deliveries", encodeMessage(message));
    await bury("deliveries", encodeMessage(aMessage({ lane: "slow", event_id: "slow-one" })));
    const MessageBody = encodeMessage(aMessage({ lane: "slow", event_id: "slow-two" }));
    await bury("deliveries", JSON.stringify({ ...scheduled, MessageBody }));
    const attributes = { ERROR_CODE: { DataType: "String", StringValue: "THROTTLED" } };
    await bury("events", encodeMessage(fromBus), attributes);
    await bury("redeliveries", encodeMessage({ kind: "job", job_id: "j" }));
    const { stdout, stderr, code } = await redrive();
    expect(stderr).toBe("");
    expect(stdout.split("\n")).toEqual([
      "events: put back 1 of 1; 0 are there now",
      "deliveries: put back 3 of 3; 0 are there now",
      "redeliveries: put back 1 of 1; 0 are there now",
      "",
    ]);
    expect(code).toBe(0);
    const idsOn = async (name: Name) => (await take(sourceUrl(name))).map(({ Body }) => Body);
    expect(await idsOn("deliveries")).toEqual([encodeMessage(message)]);
    const slow = (await idsOn("slow")).join();
    expect(slow).toContain("slow-one");
    expect(slow).toContain("slow-two");
    const [event] = await take(sourceUrl("events"));
    expect(event?.MessageAttributes).toMatchObject(attributes);
    expect(event?.MessageAttributes).toHaveProperty("original_message_id");
    expect(event?.Body).toBe(encodeMessage(fromBus));
    expect(await idsOn("redeliveries")).toHaveLength(1);
  });

  test("redrive takes as many as it is told, and --dry-run none", async () => {
    for (let n = 0; n < 25; n++) await bury("deliveries", encodeMessage(aMessage({ event_id: `e${n}` })));
    const dry = await redrive("--queue", "deliveries", "--dry-run");
    expect(dry.stdout).toBe("deliveries: would put back 25 of 25\n");
    const some = await redrive("--queue", "deliveries", "--max", "12");
    expect(some.stdout).toBe("deliveries: put back 12 of 25; 13 are there now\n");
    expect(await take(sourceUrl("deliveries"))).toHaveLength(12);
    const rest = await redrive("--queue", "deliveries");
    expect(rest.stdout).toBe("deliveries: put back 13 of 13; 0 are there now\n");
    const moved = await take(sourceUrl("deliveries"));
    expect(new Set(moved.map(({ Body }) => Body)).size).toBe(13);
  });

  test("what another reader hides is not put back, and that is told, with exit code 1", async () => {
    for (let n = 0; n < 3; n++) await bury("deliveries", encodeMessage(aMessage({ event_id: `e${n}` })));
    const look = { QueueUrl: deadUrl("deliveries"), MaxNumberOfMessages: 1, VisibilityTimeout: 600 };
    await stage.sqs.send(new ReceiveMessageCommand(look));
    const { stdout, stderr, code } = await redrive("--queue", "deliveries");
    expect(stdout).toBe("deliveries: put back 2 of 3; 1 are there now\n");
    expect(stderr).toContain("deliveries: 1 of 3 were not put back: they are hidden by another reader");
    expect(code).toBe(1);
  });

  test("what fails again at once is not taken round and round", async () => {
    for (let n = 0; n < 30; n++) await bury("deliveries", encodeMessage(aMessage({ event_id: `e${n}` })));
    let isOver = false;
    async function failAtOnce() {
      while (!isOver)
        for (const { Body = "", ReceiptHandle } of await tools.receive(sourceUrl("deliveries"))) {
          await bury("deliveries", Body);
          const handled = { QueueUrl: sourceUrl("deliveries"), ReceiptHandle };
          await stage.sqs.send(new DeleteMessageCommand(handled));
        }
    }
    const failing = failAtOnce();
    const { stdout, code } = await redrive("--queue", "deliveries");
    isOver = true;
    await failing;
    expect(stdout).toMatch(/^deliveries: put back 30 of 30; \d+ are there now\n$/);
    expect(code).toBe(0);
  });

  // The last: it removes a queue.
  test("what cannot be put back stays, in sight, and is told, with exit code 1", async () => {
    for (let n = 0; n < 3; n++) await bury("redeliveries", encodeMessage({ kind: "job", job_id: `j${n}` }));
    await stage.sqs.send(new DeleteQueueCommand({ QueueUrl: sourceUrl("redeliveries") }));
    const { stdout, stderr, code } = await redrive("--queue", "redeliveries");
    expect(stdout).toBe("redeliveries: put back 0 of 3; 3 are there now\n");
    expect(stderr).toMatch(/^redeliveries: .+queue.+\n$/);
    expect(code).toBe(1);
    const { stdout: shown } = await stage.command("dead-letters", "list", "--queue", "redeliveries");
    expect(shown).toContain("redeliveries: 3\n");
  });
});
