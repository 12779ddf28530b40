import { DeleteMessageCommand, ReceiveMessageCommand, SendMessageCommand } from "@aws-sdk/client-sqs";
import type { World } from "./world.ts";

/** Puts texts on a queue, one by one, as they are. */
export async function put(
  { stage, queueUrl }: World,
  queue: string,
  bodies: readonly string[],
): Promise<void> {
  const QueueUrl = queueUrl(queue);
  for (const MessageBody of bodies) await stage.sqs.send(new SendMessageCommand({ QueueUrl, MessageBody }));
}

/** Takes all messages off a queue. */
export async function drain({ stage, queueUrl }: World, queue: string): Promise<string[]> {
  const QueueUrl = queueUrl(queue);
  const bodies: string[] = [];
  for (;;) {
    const { Messages = [] } = await stage.sqs.send(
      new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10 }),
    );
    if (Messages.length === 0) return bodies;
    for (const { Body = "", ReceiptHandle } of Messages) {
      await stage.sqs.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle }));
      bodies.push(Body);
    }
  }
}
