import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { SchedulerClient } from "@aws-sdk/client-scheduler";
import { SQSClient } from "@aws-sdk/client-sqs";
import { DynamoDBDocumentClient } from "@aws-sdk/lib-dynamodb";
import { NativeJsonProtocol } from "./native-json.ts";
import { createRequestHandler } from "./request-handler.ts";

/** A call that hangs is given up and repeated long before the function's own timeout. */
const CALL_TIMEOUT_MS = 5_000;

/**
 * Where each service is, is the SDK's business (AWS_ENDPOINT_URL_*): the same code talks to AWS, to an
 * emulator and to the local run.
 */
const options = () => ({ maxAttempts: 3, requestHandler: createRequestHandler(CALL_TIMEOUT_MS) });

/**
 * Without the middleware that prepares a log line of every input and output, a twentieth of a call's CPU, and then
 * hands it to a logger that does nothing.
 */
function withoutLogger<Client extends { readonly middlewareStack: { remove(name: string): boolean } }>(
  client: Client,
): Client {
  client.middlewareStack.remove("loggerMiddleware");
  return client;
}

export const dynamoDb = () =>
  DynamoDBDocumentClient.from(withoutLogger(new DynamoDBClient(options())), {
    marshallOptions: { removeUndefinedValues: true },
  });

/** A queue's URL names the queue, not where to reach it: an emulator's may name a host that only itself resolves. */
export const sqs = () =>
  withoutLogger(
    new SQSClient({ ...options(), useQueueUrlAsEndpoint: false, md5: false, protocol: NativeJsonProtocol }),
  );

export const scheduler = () => withoutLogger(new SchedulerClient(options()));
