import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CreateQueueCommand, ReceiveMessageCommand, SQSClient } from "@aws-sdk/client-sqs";
import { onTestFinished } from "vitest";
import { clientOptions } from "../../infra/local/settings.ts";

/** A new folder, gone when the test is over. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "claimr-webhooks-test-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

export const queueUrl = (sqsUrl: string, name: string) => `${sqsUrl}/000000000000/${name}`;
export const queueArn = (name: string) => `arn:aws:sqs:us-east-1:000000000000:${name}`;

/** A client for the local SQS, and short ways to make a queue and to look into it. */
export function sqsTools(sqsUrl: string) {
  const client = new SQSClient(clientOptions(sqsUrl));
  return {
    client,

    async createQueue(name: string, attributes: Record<string, string> = {}): Promise<string> {
      await client.send(new CreateQueueCommand({ QueueName: name, Attributes: attributes }));
      return queueUrl(sqsUrl, name);
    },

    /** Waits for up to `waitSeconds`; empty when nothing came. */
    async receive(url: string, waitSeconds = 0) {
      const { Messages = [] } = await client.send(
        new ReceiveMessageCommand({
          QueueUrl: url,
          MaxNumberOfMessages: 10,
          WaitTimeSeconds: waitSeconds,
          MessageSystemAttributeNames: ["All"],
          MessageAttributeNames: ["All"],
        }),
      );
      return Messages;
    },
  };
}
