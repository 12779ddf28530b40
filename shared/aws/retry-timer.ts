import { ConflictException, CreateScheduleCommand, type SchedulerClient } from "@aws-sdk/client-scheduler";
import { type DeliveryMessage, deliveryId, endpointGroup } from "../domain/delivery.ts";
import { encodeMessage } from "../domain/message-text.ts";
import { log } from "../log.ts";
import type { DeliveryQueues } from "./delivery-queues.ts";
import { MAX_DELAY_SECONDS } from "./queue.ts";

/** "All schedule types invoke their targets with 60 second precision" (EventBridge Scheduler user guide). */
const SCHEDULER_PRECISION_MS = 60_000;
/** A schedule must lie in the future by the time it is made. */
const SOONEST_SCHEDULE_MS = 2_000;
/**
 * The largest text given to a schedule. AWS publishes no limit for `Target.Input`; events of 256 KB are the
 * largest that EventBridge takes anywhere else. What is larger goes by SQS.
 */
const MAX_INPUT_BYTES = 250_000;

export interface RetryTimerDeps {
  readonly scheduler: Pick<SchedulerClient, "send">;
  readonly queues: DeliveryQueues;
  readonly deadLetterArn: string;
  readonly scheduleGroup: string;
  readonly roleArn: string;
  readonly scheduleFromSeconds: number;
  readonly now: () => number;
}

/** The whole second a schedule is set for: early by Scheduler's precision, but not before it can be made. */
export function aimAt(dueAt: number, now: number): number {
  const early = Math.floor((dueAt - SCHEDULER_PRECISION_MS) / 1000);
  // To the nearest second rather than up: a 60 s delay then ends at most 2.5 s late.
  const soonest = Math.round((now + SOONEST_SCHEDULE_MS) / 1000);
  return Math.max(early, soonest) * 1000;
}

/** The SQS delay that comes closest to `dueAt`; as far as SQS goes, for one that is further away. */
export function delaySecondsUntil(dueAt: number, now: number): number {
  return Math.min(Math.max(Math.round((dueAt - now) / 1000), 0), MAX_DELAY_SECONDS);
}

/** The attempt a message asks for, as a timer sees it. */
const wakeupOf = (message: DeliveryMessage) => ({
  // Unique to the delivery and the attempt, so that making a schedule twice makes it once. At most 64
  // characters.
  name: `${deliveryId(message)}-${message.attempt}`,
  dueAt: Date.parse(message.due_at),
  message,
});
type Wakeup = ReturnType<typeof wakeupOf>;

/**
 * Puts a message back on the deliveries queue at its time (docs/decisions/0001-retry-timers.md). Both timers
 * may hand it over early: whoever takes a message before its due time calls `hold`.
 */
export function createRetryTimer(deps: RetryTimerDeps) {
  const byQueue = ({ message, dueAt }: Wakeup) =>
    deps.queues.send(message, delaySecondsUntil(dueAt, deps.now()));

  const inputOf = ({ message }: Wakeup) =>
    JSON.stringify({
      QueueUrl: deps.queues.urlOf(message),
      MessageBody: encodeMessage(message),
      MessageGroupId: endpointGroup(message),
    });

  async function bySchedule({ name, dueAt }: Wakeup, input: string): Promise<void> {
    const command = new CreateScheduleCommand({
      GroupName: deps.scheduleGroup,
      Name: name,
      ScheduleExpression: `at(${new Date(aimAt(dueAt, deps.now())).toISOString().slice(0, 19)})`,
      FlexibleTimeWindow: { Mode: "OFF" },
      ActionAfterCompletion: "DELETE",
      Target: {
        // The universal target: the templated one takes a MessageGroupId for FIFO queues only.
        Arn: "arn:aws:scheduler:::aws-sdk:sqs:sendMessage",
        RoleArn: deps.roleArn,
        Input: input,
        DeadLetterConfig: { Arn: deps.deadLetterArn },
      },
    });
    try {
      await deps.scheduler.send(command);
    } catch (error) {
      // The same name is the same wake-up, made by an earlier copy of this work.
      if (!(error instanceof ConflictException)) throw error;
    }
  }

  return {
    /**
     * Wakes the message at its due time, by whichever timer is exact and durable enough; by SQS when
     * Scheduler fails.
     */
    async set(next: DeliveryMessage): Promise<void> {
      const wakeup = wakeupOf(next);
      // Rounded: the moments between the failure and this call do not make a 60 s delay a shorter one.
      const delaySeconds = Math.round((wakeup.dueAt - deps.now()) / 1000);
      if (delaySeconds < deps.scheduleFromSeconds) return void (await byQueue(wakeup));
      const input = inputOf(wakeup);
      if (Buffer.byteLength(input) > MAX_INPUT_BYTES) return void (await byQueue(wakeup));
      try {
        await bySchedule(wakeup, input);
      } catch (error) {
        log.error("retry.schedule_failed", error, { schedule: wakeup.name, fallback: "sqs" });
        await byQueue(wakeup);
      }
    },

    /**
     * For a message that came early: back on the queue for what is left, or for SQS's longest delay towards
     * it.
     */
    async hold(early: DeliveryMessage): Promise<void> {
      await byQueue(wakeupOf(early));
    },
  };
}
