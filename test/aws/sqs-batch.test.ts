import type { Context, SQSEvent } from "aws-lambda";
import { afterEach, expect, test, vi } from "vitest";
import { ORIGINAL_MESSAGE_ID } from "../../shared/aws/original-message.ts";
import { sqsBatch } from "../../shared/aws/sqs-batch.ts";
import { log } from "../../shared/log.ts";
import { measure } from "../../shared/metrics.ts";
import { readEmf } from "../support/monitoring/emf.ts";

afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

const event = (...bodies: string[]) =>
  ({
    Records: bodies.map((body, index) => ({
      body,
      messageId: `m${index}`,
      attributes: { ApproximateReceiveCount: String(index + 1) },
      messageAttributes: {},
    })),
  }) as SQSEvent;

const context = { awsRequestId: "r1", getRemainingTimeInMillis: () => 40_000 } as Context;

/** What it printed to standard output, where metrics go. */
function printed() {
  const write = vi.spyOn(process.stdout, "write").mockReturnValue(true);
  return () => write.mock.calls.flatMap(([text]) => readEmf(String(text)));
}

test("one poisoned message goes back to the queue, and only that one; the others are handled at the same time", async () => {
  const logged = vi.spyOn(log, "error").mockReturnValue();
  const points = printed();
  const handled: [string, boolean][] = [];
  const handler = sqsBatch(async ({ body, isRepeated, about }) => {
    about({ event_id: `of ${body}` });
    JSON.parse(body);
    handled.push([body, isRepeated]);
  });
  const answer = await handler(event("1", "{", "3"), context);
  expect(answer).toEqual({ batchItemFailures: [{ itemIdentifier: "m1" }] });
  expect(handled).toEqual([
    ["1", false],
    ["3", true],
  ]);
  const about = { lambda_request_id: "r1", message_id: "m1", receive_count: 2, event_id: "of {" };
  expect(logged.mock.calls).toEqual([["message.failed", expect.any(SyntaxError), about]]);
  expect(points()).toMatchObject([{ metric: "MessagesFailed", values: [1] }]);
});

test("one that was put back from the dead letters is the message it was before, and fails by the id it has now", async () => {
  vi.spyOn(log, "error").mockReturnValue();
  const handled: [string, boolean][] = [];
  const handler = sqsBatch(async ({ messageId, isRepeated }) => {
    handled.push([messageId, isRepeated]);
    throw new Error("ours");
  });
  const { Records } = event("1");
  const messageAttributes = { [ORIGINAL_MESSAGE_ID]: { dataType: "String", stringValue: "first" } };
  const redriven = { Records: Records.map((record) => ({ ...record, messageAttributes })) };
  expect(await handler(redriven, context)).toEqual({ batchItemFailures: [{ itemIdentifier: "m0" }] });
  expect(handled).toEqual([["first", true]]);
});

test("what was measured is written when the batch ends, although a message of it failed", async () => {
  vi.spyOn(log, "error").mockReturnValue();
  const points = printed();
  const handler = sqsBatch(async ({ body }) => {
    measure("Retried", "referral");
    if (body === "poison") throw new Error("ours");
  });
  await handler(event("1", "poison"), context);
  expect(points()).toContainEqual(expect.objectContaining({ metric: "Retried", values: [2] }));
  await handler(event("1"), context);
  expect(points().filter(({ metric }) => metric === "Retried")).toHaveLength(2);
});

test("what was measured is written a second before Lambda would end the invocation, not lost with it", async () => {
  vi.useFakeTimers();
  const points = printed();
  const handler = sqsBatch(() => {
    measure("Retried", "referral");
    return new Promise(() => {});
  });
  void handler(event("hangs"), context);
  await vi.advanceTimersByTimeAsync(38_999);
  expect(points()).toEqual([]);
  await vi.advanceTimersByTimeAsync(1);
  expect(points()).toMatchObject([{ metric: "Retried", values: [1] }]);
});
