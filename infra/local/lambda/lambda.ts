import { randomUUID } from "node:crypto";
import { devNull } from "node:os";
import type { Context } from "aws-lambda";
import * as z from "zod";
import { log } from "../../../shared/log.ts";
import { localCredentials, localRegion } from "../settings.ts";
import { ACCOUNT } from "../template/intrinsics.ts";
import type { LambdaFunction } from "../template/wiring.ts";

/**
 * Calls a function by its folder name. Rejects with what it threw, or when it took longer than its timeout.
 */
export type Invoke = (functionName: string, event: unknown) => Promise<unknown>;

type Handler = (event: unknown, context: Context) => unknown;
const handlerModule = z.object({
  handler: z.custom<Handler>((value) => typeof value === "function", "is no function"),
});

/** Where the SDK finds each service. */
export interface ServiceUrls {
  readonly dynamodb: string;
  readonly sqs: string;
  readonly scheduler: string;
}

/**
 * Loads `functions/<name>/handler.ts` for each function: the code that is deployed, unbundled.
 * @param folder where the functions' folders are
 */
export async function loadFunctions(functions: readonly LambdaFunction[], folder: URL): Promise<Invoke> {
  const loaded = new Map(
    await Promise.all(
      functions.map(async function load(lambda): Promise<
        [string, { lambda: LambdaFunction; handler: Handler }]
      > {
        const { handler } = handlerModule.parse(
          await import(new URL(`${lambda.name}/handler.ts`, folder).href),
        );
        return [lambda.name, { lambda, handler }];
      }),
    ),
  );

  return async function invoke(functionName, event) {
    const found = loaded.get(functionName);
    if (!found) throw new Error(`There is no function ${functionName}`);
    return withTimeout(found.lambda, (context) => found.handler(event, context));
  };
}

/**
 * Gives the process the environment that every function would have on AWS, and the SDK its endpoints. The
 * functions share one process here, and its threads begin with its variables, so they must agree on each.
 * @throws when two functions' templates give one variable different values
 */
export function setFunctionEnvironment(functions: readonly LambdaFunction[], urls: ServiceUrls): void {
  // biome-ignore lint/style/noProcessEnv: this stands in for Lambda, which sets it; shared/config.ts reads it
  const env = process.env;
  Object.assign(env, mergeEnvironments(functions), {
    AWS_REGION: localRegion,
    AWS_ACCESS_KEY_ID: localCredentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: localCredentials.secretAccessKey,
    AWS_ENDPOINT_URL_DYNAMODB: urls.dynamodb,
    AWS_ENDPOINT_URL_SQS: urls.sqs,
    AWS_ENDPOINT_URL_SCHEDULER: urls.scheduler,
    // Whatever the developer has configured for AWS itself stays out of it.
    AWS_CONFIG_FILE: devNull,
    AWS_SHARED_CREDENTIALS_FILE: devNull,
  });
  // No CloudWatch reads them here, and people read the terminal; set to false, they are printed all the same.
  env.POWERTOOLS_METRICS_DISABLED ??= "true";
  // The SDK prefers a profile to the credentials above, and these to the endpoints.
  for (const name of ["AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS"]) {
    delete env[name];
  }
}

/** The union of all functions' variables. @throws when two of them disagree on a value */
export function mergeEnvironments(functions: readonly Pick<LambdaFunction, "name" | "environment">[]) {
  const merged = new Map<string, { value: string; from: string }>();
  for (const { name: from, environment } of functions) {
    for (const [variable, value] of Object.entries(environment)) {
      const other = merged.get(variable);
      if (other && other.value !== value) {
        throw new Error(`${variable} differs: ${other.value} for ${other.from}, ${value} for ${from}`);
      }
      merged.set(variable, { value, from });
    }
  }
  return Object.fromEntries([...merged].map(([variable, { value }]) => [variable, value]));
}

async function withTimeout(lambda: LambdaFunction, run: (context: Context) => unknown): Promise<unknown> {
  const context = fakeContext(lambda);
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<never>((_, reject) => {
    timer = setTimeout(function giveUp() {
      const { awsRequestId } = context;
      const error = new Error(`Task timed out after ${lambda.timeoutSeconds}.00 seconds`);
      log.error("function.timed_out", error, { function: lambda.name, awsRequestId });
      reject(error);
    }, lambda.timeoutSeconds * 1_000);
  });
  try {
    return await Promise.race([run(context), timeout]);
  } finally {
    clearTimeout(timer);
  }
}

/** What a handler may ask about its invocation. */
function fakeContext({ name, physicalName, arn, timeoutSeconds, memoryMiB }: LambdaFunction): Context {
  const endsAt = Date.now() + timeoutSeconds * 1_000;
  return {
    awsRequestId: randomUUID(),
    functionName: physicalName,
    functionVersion: "$LATEST",
    invokedFunctionArn: arn,
    memoryLimitInMB: String(memoryMiB),
    logGroupName: `/aws/lambda/${name}`,
    logStreamName: `local/${ACCOUNT}`,
    callbackWaitsForEmptyEventLoop: false,
    getRemainingTimeInMillis: () => Math.max(0, endsAt - Date.now()),
    // Callback style, from before promises; the handlers are all asynchronous functions.
    done: unsupported,
    fail: unsupported,
    succeed: unsupported,
  };
}

function unsupported(): never {
  throw new Error("The local run does not know callback-style handlers");
}
