import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { GetQueueAttributesCommand, SendMessageCommand, SQSClient } from "@aws-sdk/client-sqs";
import { DynamoDBDocumentClient, PutCommand } from "@aws-sdk/lib-dynamodb";
import { Webhook as Verifier } from "standardwebhooks";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { clientOptions } from "../../infra/local/settings.ts";
import { stableTimelineKey } from "../../shared/aws/timeline.ts";
import { deliveryId } from "../../shared/domain/delivery.ts";
import { encodeMessage } from "../../shared/domain/message-text.ts";
import { type LocalRun, startLocalRun, until } from "../support/local-run.ts";
import { type Receiver, startReceiver } from "../support/receiver.ts";
import { type Fixture, fixtures, parseFixture } from "./fixtures.ts";
import { subject } from "./produce.ts";

const GIVEN_UP_AT = "2026-11-23T12:01:00.000Z";

/** Old messages and items meet the functions of today, in a run of their own. */
describe.each(fixtures)("what $from.version has left on the queues and in the tables", ({ text }) => {
  let local: LocalRun;
  let receiver: Receiver;
  let dynamoDb: DynamoDBDocumentClient;
  let sqs: SQSClient;
  /** Events whose next attempt fails. */
  const failing = new Set<string>();
  beforeAll(async () => {
    receiver = await startReceiver(({ headers }) => ({
      status: failing.delete(String(headers["webhook-id"])) ? 500 : 200,
    }));
    local = await startLocalRun({ RETRY_DELAYS_SECONDS: "1" });
    dynamoDb = DynamoDBDocumentClient.from(new DynamoDBClient(clientOptions(local.services.dynamodb)));
    sqs = new SQSClient(clientOptions(local.services.sqs));
    const { items } = about("");
    for (const item of items.apiKeys) await put("StorageApiKeys", item);
    for (const item of items.webhooks) await put("StorageWebhooks", item);
  });
  afterAll(() => Promise.all([local?.kill(), receiver?.close()]));

  /** The fixture, of another event and with the receiver's URL: ids are made of both. */
  function about(event_id: string): Fixture {
    const { account, hookId: hook_id } = subject;
    const idOf = (url: string, event: string) => deliveryId({ account, hook_id, url, event_id: event });
    const moved = text
      .replaceAll(idOf(subject.url, subject.eventId), idOf(receiver.url("/hook"), event_id))
      .replaceAll(subject.url, receiver.url("/hook"))
      .replaceAll(subject.eventId, event_id);
    return parseFixture(moved);
  }
  const named = <Value>(values: Record<string, Value>, start: string): Value => {
    const value = Object.entries(values).find(([name]) => name.startsWith(start))?.[1];
    if (value === undefined) throw new Error(`no ${start}`);
    return value;
  };
  const put = (table: string, Item: Record<string, unknown>) =>
    dynamoDb.send(new PutCommand({ TableName: named(local.services.tables, table), Item }));
  const queues = {
    events: "IngestEventsQueue",
    deliveries: "DeliveryDeliveriesQueue",
    redeliveries: "RedeliveryRedeliveriesQueue",
  };
  const send = (queue: keyof typeof queues, body: string) =>
    sqs.send(
      new SendMessageCommand({ QueueUrl: named(local.services.queues, queues[queue]), MessageBody: body }),
    );
  /** Nothing is on any queue, so that nothing more is to come: dead letters would stay there too. */
  const quiet = () =>
    until(async () => {
      for (const QueueUrl of Object.values(local.services.queues)) {
        const { Attributes = {} } = await sqs.send(
          new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ["All"] }),
        );
        const held = Object.entries(Attributes).filter(([name]) => name.startsWith("ApproximateNumber"));
        if (held.some(([, count]) => count !== "0")) return false;
      }
      return true;
    });
  const sentOf = (event_id: string) =>
    receiver.requests.filter(({ headers }) => headers["webhook-id"] === event_id);
  const deliveryOf = async (event_id: string) => {
    const { account, hookId: hook_id } = subject;
    const id = deliveryId({ account, hook_id, url: receiver.url("/hook"), event_id });
    return (await local.call("GET", `/deliveries/${id}`, undefined, subject.apiKey)).body;
  };

  test("its key opens, and its webhook is shown", async () => {
    const { status, body } = await local.call("GET", "/webhooks/old-hook", undefined, subject.apiKey);
    expect(status).toBe(200);
    expect(body).toMatchObject({ hook_id: "old-hook", urls: [receiver.url("/hook")], status: "active" });
  });

  test("an accepted event is delivered, signed, retried, and once", async () => {
    const { messages } = about("accepted");
    failing.add("accepted");
    for (const message of messages.events) await send("events", encodeMessage(message));
    await until(async () => (await deliveryOf("accepted")).status === "delivered");
    await quiet();
    const sent = sentOf("accepted");
    expect(sent).toHaveLength(2);
    for (const { headers, body } of sent) {
      new Verifier(subject.secret).verify(body, headers as Record<string, string>);
      expect(JSON.parse(String(body))).toMatchObject({ id: "accepted", scope: "user_activity" });
    }
    expect((await deliveryOf("accepted")).attempts).toHaveLength(2);
  });

  test("an attempt that waits is made, retried, and made once though its message comes twice", async () => {
    const { messages } = about("waiting");
    failing.add("waiting");
    for (const message of messages.deliveries) await send("deliveries", encodeMessage(message));
    await until(async () => (await deliveryOf("waiting")).status === "delivered");
    for (const message of messages.deliveries) await send("deliveries", encodeMessage(message));
    await quiet();
    expect(sentOf("waiting")).toHaveLength(2);
  });

  test.each([
    ["fires", (input: Record<string, unknown>) => String(input.MessageBody)],
    ["is redriven from the dead letters", (input: Record<string, unknown>) => JSON.stringify(input)],
  ])("a retry whose schedule %s is the second attempt of the stored delivery", async (name, bodyOf) => {
    const event_id = name.replaceAll(" ", "-");
    const { messages, items } = about(event_id);
    const retrying = items.deliveries.find(({ status }) => status === "retrying");
    await put("StorageDeliveries", retrying ?? {});
    for (const input of messages.schedules) {
      const body = bodyOf(input);
      // The real one is a minute after the first attempt, which is long ago.
      expect(body).toContain(GIVEN_UP_AT);
      await send("deliveries", body);
    }
    await until(async () => (await deliveryOf(event_id)).status === "delivered");
    await quiet();
    expect(sentOf(event_id)).toHaveLength(1);
    expect((await deliveryOf(event_id)).attempts.map(({ number }: { number: number }) => number)).toEqual([
      1, 2,
    ]);
  });

  test("what was never delivered is shown, and redelivered: one, and all of a range", async () => {
    for (const [event_id, kind] of [
      ["one", "delivery"],
      ["of-a-range", "job"],
    ] as const) {
      const { messages, items } = about(event_id);
      const owner = { account: subject.account, hookId: subject.hookId };
      // Just before the job was made: what is given up later is not its business.
      const at = kind === "job" ? "2026-11-23T11:59:00.000Z" : GIVEN_UP_AT;
      const [row] = items.undelivered;
      const id = deliveryId({
        ...{ account: subject.account, hook_id: subject.hookId, url: receiver.url("/hook"), event_id },
      });
      await put("StorageUndelivered", { ...row, updated_at: at, ...stableTimelineKey(owner, at, id) });
      const givenUp = items.deliveries.find(({ status }) => status === "undelivered");
      await put("StorageDeliveries", { ...givenUp, updated_at: at });
      const shown = await local.call("GET", `/undelivered/${id}`, undefined, subject.apiKey);
      expect(shown.body).toMatchObject({ id, event_id, attempts: [{ number: 1 }, { number: 2 }] });

      const asked = messages.redeliveries.filter((message) => message.kind === kind);
      if (kind === "job") for (const job of items.jobs) await put("StorageDeliveries", job);
      // The first version could not redeliver: there today's API is asked.
      if (asked.length === 0)
        await local.call("POST", `/undelivered/${id}/redeliver`, undefined, subject.apiKey);
      for (const message of asked) await send("redeliveries", encodeMessage(message));
      await until(async () => (await deliveryOf(event_id)).status === "delivered");
      await quiet();
      expect(sentOf(event_id)).toHaveLength(1);
      expect((await local.call("GET", `/undelivered/${id}`, undefined, subject.apiKey)).status).toBe(404);
    }
  });
});
