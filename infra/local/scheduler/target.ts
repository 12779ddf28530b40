import { SendMessageCommand, SQSClient } from "@aws-sdk/client-sqs";
import { clientOptions } from "../services/services.ts";
import { ACCOUNT } from "../template/intrinsics.ts";
import { sendMessageInput } from "./requests.ts";

export type SchedulerTarget = ReturnType<typeof createSchedulerTarget>;

/** The scheduler's way to SQS. */
export function createSchedulerTarget(sqsUrl: string) {
  // A stored schedule names a queue by the URL it had when it was made, and the port may be another by now. Given an
  // endpoint, the SDK goes there and not to the URL's host; SQS finds the queue by the URL's path.
  const client = new SQSClient(clientOptions(sqsUrl));

  return {
    /** Does what the universal target `aws-sdk:sqs:sendMessage` does. @param input JSON of a SendMessage request */
    async send(input: string): Promise<void> {
      await client.send(new SendMessageCommand(sendMessageInput.parse(JSON.parse(input))));
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
