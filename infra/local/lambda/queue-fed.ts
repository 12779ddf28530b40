import type { EventSourceMapping, LambdaFunction } from "../template/wiring.ts";
import { startThread, type Thread } from "../thread.ts";

/** What the thread of a function is told. */
export interface FedFunction {
  readonly lambda: LambdaFunction;
  /** Those that feed it, at least one. */
  readonly mappings: readonly EventSourceMapping[];
  /** URL of where the functions' folders are. */
  readonly folder: string;
  /** Where the local SQS listens. */
  readonly sqsUrl: string;
}

/** The functions that queues feed, each with its mappings, and those that only requests call. */
export function splitByFeeding(
  functions: readonly LambdaFunction[],
  mappings: readonly EventSourceMapping[],
) {
  const all = functions.map((lambda) => ({
    lambda,
    mappings: mappings.filter(({ functionName }) => functionName === lambda.name),
  }));
  return {
    fed: all.filter((one) => one.mappings.length > 0),
    called: all.filter((one) => one.mappings.length === 0).map(({ lambda }) => lambda),
  };
}

/**
 * Starts each with its pollers in a thread of its own, as it has processes of its own on AWS: the API answers while
 * deliveries are made, and a machine's cores are all used. The environment must be theirs by then.
 */
export const startQueueFed = (
  fed: readonly Pick<FedFunction, "lambda" | "mappings">[],
  folder: URL,
  sqsUrl: string,
): Promise<Thread>[] =>
  fed.map(({ lambda, mappings }) => {
    const input: FedFunction = { lambda, mappings, folder: folder.href, sqsUrl };
    return startThread(`function ${lambda.name}`, new URL("./function-thread.ts", import.meta.url), input);
  });
