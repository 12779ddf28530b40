import { ConflictException, CreateScheduleCommand, SchedulerClient } from "@aws-sdk/client-scheduler";
import { mockClient } from "aws-sdk-client-mock";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { aimAt, createRetryTimer, delaySecondsUntil } from "../../shared/aws/retry-timer.ts";
import { type DeliveryMessage, deliveryId, endpointGroup } from "../../shared/domain/delivery.ts";
import { encodeMessage } from "../../shared/domain/message-text.ts";
import { log } from "../../shared/log.ts";
import { AT, aMessage } from "../support/factories.ts";

const NOW = Date.parse(AT);
const SCHEDULER_LATEST_MS = 60_000;

describe("aimAt", () => {
  const anyNow = fc.integer({ min: NOW, max: NOW + 86_400_000 });

  test("a schedule at its latest is at most 2.5 s late for 60 s, and on time from 63 s on", () => {
    fc.assert(
      fc.property(anyNow, fc.integer({ min: 60_000, max: 2_592_000_000 }), (now, delayMs) => {
        const latestMs = aimAt(now + delayMs, now) + SCHEDULER_LATEST_MS - (now + delayMs);
        expect(latestMs).toBeLessThanOrEqual(delayMs >= 63_000 ? 0 : 2_500);
      }),
    );
  });

  test("is a whole second, and never sooner than about two seconds from now", () => {
    fc.assert(
      fc.property(anyNow, fc.integer({ min: 0, max: 2_592_000_000 }), (now, delayMs) => {
        const aim = aimAt(now + delayMs, now);
        expect(aim % 1000).toBe(0);
        expect(aim - now).toBeGreaterThanOrEqual(1_500);
      }),
    );
  });
});

test.each([
  [5_000, 5],
  [4_990, 5],
  [4_400, 4],
  [400, 0],
  [-10_000, 0],
  [3_600_000, 900],
])("what is due in %i ms is delayed by %i s", (ms, seconds) => {
  expect(delaySecondsUntil(NOW + ms, NOW)).toBe(seconds);
});

describe("the timer", () => {
  const scheduler = mockClient(SchedulerClient);
  const sent: { message: DeliveryMessage; delaySeconds: number | undefined }[] = [];
  const timer = createRetryTimer({
    scheduler: new SchedulerClient({ region: "us-east-1" }),
    queues: {
      urlOf: ({ lane }) => `https://sqs.us-east-1.amazonaws.com/1/${lane}`,
      send: async (message, delaySeconds) => void sent.push({ message, delaySeconds }),
    },
    deadLetterArn: "arn:aws:sqs:us-east-1:1:dead",
    scheduleGroup: "retries",
    roleArn: "arn:aws:iam::1:role/scheduler",
    scheduleFromSeconds: 60,
    now: () => NOW,
  });
  const next = (delayMs: number, body = "{}") =>
    aMessage({ attempt: 2, due_at: new Date(NOW + delayMs).toISOString(), body });
  const queued = (message: DeliveryMessage, delaySeconds: number) => ({ message, delaySeconds });

  beforeEach(() => {
    scheduler.reset();
    sent.length = 0;
    vi.spyOn(log, "error").mockReturnValue();
  });
  afterEach(() => vi.restoreAllMocks());

  test("a short delay goes by SQS alone", async () => {
    await timer.set(next(30_000));
    expect(sent).toEqual([queued(next(30_000), 30)]);
    expect(scheduler.calls()).toHaveLength(0);
  });

  test("a long delay is a one-shot schedule that puts the same message on the same queue, early", async () => {
    scheduler.on(CreateScheduleCommand).resolves({});
    await timer.set(next(300_000));
    expect(sent).toEqual([]);
    expect(scheduler.call(0).args[0].input).toEqual({
      GroupName: "retries",
      Name: `${deliveryId(aMessage())}-2`,
      ScheduleExpression: "at(2026-11-23T12:04:00)",
      FlexibleTimeWindow: { Mode: "OFF" },
      ActionAfterCompletion: "DELETE",
      Target: {
        Arn: "arn:aws:scheduler:::aws-sdk:sqs:sendMessage",
        RoleArn: "arn:aws:iam::1:role/scheduler",
        Input: JSON.stringify({
          QueueUrl: "https://sqs.us-east-1.amazonaws.com/1/fast",
          MessageBody: encodeMessage(next(300_000)),
          MessageGroupId: endpointGroup(aMessage()),
        }),
        DeadLetterConfig: { Arn: "arn:aws:sqs:us-east-1:1:dead" },
      },
    });
  });

  test("a message of the slow lane comes back by the slow lane", async () => {
    scheduler.on(CreateScheduleCommand).resolves({});
    await timer.set({ ...next(300_000), lane: "slow" });
    expect(scheduler.call(0).args[0].input).toMatchObject({
      Target: { Input: expect.stringContaining('"QueueUrl":"https://sqs.us-east-1.amazonaws.com/1/slow"') },
    });
  });

  test("60 s minus the moments since the failure are still 60 s", async () => {
    scheduler.on(CreateScheduleCommand).resolves({});
    await timer.set(next(59_970));
    expect(scheduler.calls()).toHaveLength(1);
  });

  test("a schedule that exists already is the same wake-up", async () => {
    scheduler
      .on(CreateScheduleCommand)
      .rejects(new ConflictException({ message: "exists", $metadata: {}, Message: "" }));
    await timer.set(next(300_000));
    expect(sent).toEqual([]);
  });

  test.each([
    [300_000, 300],
    [86_400_000, 900],
  ])("when the Scheduler fails, SQS takes a delay of %i ms over", async (delayMs, delaySeconds) => {
    scheduler.on(CreateScheduleCommand).rejects(new Error("ThrottlingException"));
    await timer.set(next(delayMs));
    expect(sent).toEqual([queued(next(delayMs), delaySeconds)]);
  });

  test.each([
    ["too large", "x".repeat(250_001)],
    ["too large once it stands in a schedule's input", '"'.repeat(130_000)],
  ])("a message %s for a schedule goes by SQS", async (_, body) => {
    await timer.set(next(300_000, body));
    expect(sent).toEqual([queued(next(300_000, body), 300)]);
    expect(scheduler.calls()).toHaveLength(0);
  });

  test("what comes early is held by SQS for what is left, never by another schedule", async () => {
    await timer.hold(next(60_400));
    expect(sent).toEqual([queued(next(60_400), 60)]);
    expect(scheduler.calls()).toHaveLength(0);
  });
});
