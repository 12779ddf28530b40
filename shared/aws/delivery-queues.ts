import type { SQSClient } from "@aws-sdk/client-sqs";
import { type DeliveryMessage, endpointGroup, type Lane } from "../domain/delivery.ts";
import { encodeMessage } from "../domain/message-text.ts";
import { type Company, createQueue } from "./queue.ts";

export type DeliveryQueues = ReturnType<typeof createDeliveryQueues>;

/** The queues that `deliver` empties, one for each lane: a message goes on the one that it names. */
export function createDeliveryQueues(
  client: SQSClient,
  urls: Readonly<Record<Lane, string>>,
  company?: Company,
) {
  const queues = {
    fast: createQueue(client, urls.fast, company),
    slow: createQueue(client, urls.slow, company),
  };
  return {
    urlOf: ({ lane }: DeliveryMessage): string => urls[lane],

    /**
     * Resolves once the message is durably queued.
     * @param delaySeconds whole seconds, 0 to 900
     */
    send(message: DeliveryMessage, delaySeconds?: number): Promise<undefined> {
      const delay = delaySeconds === undefined ? {} : { delaySeconds };
      return queues[message.lane].send({
        body: encodeMessage(message),
        groupId: endpointGroup(message),
        ...delay,
      });
    },
  };
}
