import { randomUUID } from "node:crypto";
import { SendMessageCommand, SQSClient } from "@aws-sdk/client-sqs";
import { clientOptions } from "../settings.ts";
import { ACCOUNT } from "../template/intrinsics.ts";
import { sendMessageInput } from "./requests.ts";

/** Scheduler user guide, "Adding context attributes". Which value it is does not matter here. */
const CONTEXT_ATTRIBUTE = /<aws\.scheduler\.(?:schedule-arn|scheduled-time|execution-id|attempt-number)>/g;

export type SchedulerTarget = ReturnType<typeof createSchedulerTarget>;

/** The scheduler's way to SQS. */
export function createSchedulerTarget(sqsUrl: string) {
  // A stored schedule names a queue by the URL it had when it was made, and the port may be another by now.
  // Given an endpoint, the SDK goes there and not to the URL's host; SQS finds the queue by the URL's path.
  const client = new SQSClient(clientOptions(sqsUrl));

  return {
    /**
     * Does what the universal target `aws-sdk:sqs:sendMessage` does.
     * @param input JSON of a SendMessage request
     */
    async send(input: string): Promise<void> {
      // As on AWS: whoever lets a keyword through finds it replaced.
      const filledIn = input.replaceAll(CONTEXT_ATTRIBUTE, randomUUID());
      await client.send(new SendMessageCommand(sendMessageInput.parse(JSON.parse(filledIn))));
    },

    /** Puts the input of a schedule that was given up on its dead-letter queue, with the reason. */
    async bury(queueArn: string, input: string, reason: string): Promise<void> {
      await client.send(
        new SendMessageCommand({
          QueueUrl: `${sqsUrl}/${ACCOUNT}/${queueArn.split(":").at(-1)}`,
          MessageBody: input,
          MessageAttributes: { ERROR_MESSAGE: { DataType: "String", StringValue: reason } },
        }),
      );
    },
  };
}
