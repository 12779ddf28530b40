import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { SchedulerClient } from "@aws-sdk/client-scheduler";
import { SQSClient } from "@aws-sdk/client-sqs";
import { DynamoDBDocumentClient } from "@aws-sdk/lib-dynamodb";
import { NativeJsonProtocol } from "./native-json.ts";
import { createRequestHandler } from "./request-handler.ts";
import { Sha256 } from "./sha256.ts";

/** A call that hangs is given up and repeated long before the function's own timeout. */
const CALL_TIMEOUT_MS = 5_000;

/**
 * Where each service is, is the SDK's business (AWS_ENDPOINT_URL_*): the same code talks to AWS, to an
 * emulator and to the local run.
 */
const options = () => ({
  maxAttempts: 3,
  requestHandler: createRequestHandler(CALL_TIMEOUT_MS),
  sha256: Sha256,
});

interface Client {
  readonly middlewareStack: { remove(name: string): boolean };
  readonly config: Pick<DynamoDBClient["config"], "signer">;
}

/**
 * With one signer: by itself the client copies all its settings for each call, to make one more that is the same. It
 * asks for credentials and the date whenever it signs.
 */
function withOneSigner<Some extends Client>(client: Some): Some {
  const makeSigner = client.config.signer;
  let signer: Awaited<ReturnType<typeof makeSigner>> | undefined;
  client.config.signer = async (scheme) => (signer ??= await makeSigner(scheme));
  return client;
}

/**
 * Without two pieces of middleware, a twelfth of a call's CPU: one prepares a log line of every input and output, and
 * then hands it to a logger that does nothing; the other puts the user agent together anew, which here is our own.
 */
function withoutExtras<Some extends Client>(client: Some): Some {
  client.middlewareStack.remove("loggerMiddleware");
  client.middlewareStack.remove("getUserAgentMiddleware");
  return client;
}

const lean = <Some extends Client>(client: Some): Some => withOneSigner(withoutExtras(client));

export const dynamoDb = () =>
  DynamoDBDocumentClient.from(lean(new DynamoDBClient({ ...options(), protocol: NativeJsonProtocol })), {
    marshallOptions: { removeUndefinedValues: true },
  });

/** A queue's URL names the queue, not where to reach it: an emulator's may name a host that only itself resolves. */
export const sqs = () =>
  lean(
    new SQSClient({ ...options(), useQueueUrlAsEndpoint: false, md5: false, protocol: NativeJsonProtocol }),
  );

export const scheduler = () => lean(new SchedulerClient(options()));
