import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { SQSClient } from "@aws-sdk/client-sqs";
import { DynamoDBDocumentClient } from "@aws-sdk/lib-dynamodb";
import { createQueues, createTables } from "../../infra/local/services/resources.ts";
import { startDynamoDb, startSqs } from "../../infra/local/services/services.ts";
import { clientOptions, localSettings } from "../../infra/local/settings.ts";
import { synthesize } from "../../infra/local/template/synthesize.ts";
import { readWiring } from "../../infra/local/template/wiring.ts";

/** The embedded services in memory, with the stack's own tables and queues, and SDK clients for them. */
export async function startServices() {
  const [dynamodb, sqs] = await Promise.all([startDynamoDb(":memory:"), startSqs(":memory:")]);
  const wiring = readWiring(synthesize(localSettings({}).stack), sqs.url);
  await Promise.all([
    createTables(dynamodb.url, Object.values(wiring.tables)),
    createQueues(sqs.url, Object.values(wiring.queues)),
  ]);
  const named = <Value>(record: Readonly<Record<string, Value>>, start: string): Value => {
    const value = Object.entries(record).find(([name]) => name.startsWith(start))?.[1];
    if (value === undefined) throw new Error(`The template has no ${start}`);
    return value;
  };
  return {
    dynamoDb: DynamoDBDocumentClient.from(new DynamoDBClient(clientOptions(dynamodb.url)), {
      marshallOptions: { removeUndefinedValues: true },
    }),
    sqs: new SQSClient(clientOptions(sqs.url)),
    table: (name: string) => named(wiring.tables, name).TableName,
    queueUrl: (name: string) => named(wiring.queues, name).url,
    urls: { dynamodb: dynamodb.url, sqs: sqs.url },
    outputs: wiring.outputs,
    functions: wiring.functions,
    stop: () => Promise.all([dynamodb.stop(), sqs.stop()]),
  };
}
