import type { Context, SQSEvent } from "aws-lambda";
import { afterEach, expect, test, vi } from "vitest";
import { sqsBatch } from "../../shared/aws/sqs-batch.ts";

afterEach(() => vi.restoreAllMocks());

const event = (...bodies: string[]) =>
  ({
    Records: bodies.map((body, index) => ({
      body,
      messageId: `m${index}`,
      attributes: { ApproximateReceiveCount: String(index + 1) },
    })),
  }) as SQSEvent;

test("one poisoned message goes back to the queue, and only that one; the others are handled at the same time", async () => {
  const logged = vi.spyOn(console, "error").mockReturnValue();
  const handled: [string, number][] = [];
  const handler = sqsBatch(async ({ body, receiveCount }) => {
    JSON.parse(body);
    handled.push([body, receiveCount]);
  });
  const answer = await handler(event("1", "{", "3"), {} as Context);
  expect(answer).toEqual({ batchItemFailures: [{ itemIdentifier: "m1" }] });
  expect(handled).toEqual([
    ["1", 1],
    ["3", 3],
  ]);
  expect(logged.mock.calls[0]?.[0]).toMatchObject({
    event: "message.failed",
    message_id: "m1",
    receive_count: "2",
  });
});
