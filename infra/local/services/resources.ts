import { CreateTableCommand, DynamoDBClient, ResourceInUseException } from "@aws-sdk/client-dynamodb";
import { CreateQueueCommand, SetQueueAttributesCommand, SQSClient } from "@aws-sdk/client-sqs";
import { clientOptions } from "../settings.ts";
import type { Queue, Table } from "../template/wiring.ts";

/** Makes the tables that are not there yet. A table that is, stays as it is, with what it holds. */
export async function createTables(dynamoDbUrl: string, tables: readonly Table[]): Promise<void> {
  const client = new DynamoDBClient(clientOptions(dynamoDbUrl));
  await Promise.all(
    tables.map(async function createTable(table) {
      try {
        await client.send(new CreateTableCommand({ ...table, BillingMode: "PAY_PER_REQUEST" }));
      } catch (error) {
        if (!(error instanceof ResourceInUseException)) throw error;
      }
    }),
  );
  client.destroy();
}

/** Makes the queues that are not there yet, and gives all of them the template's attributes. */
export async function createQueues(sqsUrl: string, queues: readonly Queue[]): Promise<void> {
  const client = new SQSClient(clientOptions(sqsUrl));
  await Promise.all(
    queues.map(async function createQueue(queue) {
      // Attributes apart from the creation:
      // CreateQueue refuses to change those of a queue that an earlier run made.
      await client.send(new CreateQueueCommand({ QueueName: queue.name }));
      await client.send(
        new SetQueueAttributesCommand({ QueueUrl: queue.url, Attributes: attributesOf(queue) }),
      );
    }),
  );
  client.destroy();
}

const attributesOf = (queue: Queue): Record<string, string> => ({
  VisibilityTimeout: String(queue.VisibilityTimeout),
  MessageRetentionPeriod: String(queue.MessageRetentionPeriod),
  DelaySeconds: String(queue.DelaySeconds),
  RedrivePolicy: queue.RedrivePolicy ? JSON.stringify(queue.RedrivePolicy) : "",
});
