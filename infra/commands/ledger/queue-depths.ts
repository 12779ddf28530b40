import { GetQueueAttributesCommand, type SQSClient } from "@aws-sdk/client-sqs";
import * as z from "zod";

const depth = z.object({
  ApproximateNumberOfMessages: z.coerce.number(),
  ApproximateNumberOfMessagesNotVisible: z.coerce.number(),
  ApproximateNumberOfMessagesDelayed: z.coerce.number(),
});

export interface QueueDepth {
  /** As the stack's output names it: `Events`, `EventsDeadLetters` and so on. */
  readonly queue: string;
  readonly ready: number;
  /** With a function now, or hidden until they are handed out again. */
  readonly inFlight: number;
  readonly delayed: number;
}

/** What every queue of the stack holds: SQS counts approximately, and exactly once it is quiet. */
export function queueDepths(
  sqs: Pick<SQSClient, "send">,
  outputs: Readonly<Record<string, string>>,
): Promise<QueueDepth[]> {
  const queues = Object.entries(outputs).flatMap(([name, QueueUrl]) => {
    const queue = /^(.+?)(?:Queue)?Url$/.exec(name)?.[1];
    return queue !== undefined && queue !== "Api" ? [{ queue, QueueUrl }] : [];
  });
  return Promise.all(
    queues.map(async ({ queue, QueueUrl }) => {
      const { Attributes } = await sqs.send(
        new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ["All"] }),
      );
      const counted = depth.parse(Attributes);
      return {
        queue,
        ready: counted.ApproximateNumberOfMessages,
        inFlight: counted.ApproximateNumberOfMessagesNotVisible,
        delayed: counted.ApproximateNumberOfMessagesDelayed,
      };
    }),
  );
}
