import { AsyncLocalStorage } from "node:async_hooks";
import * as z from "zod";
import { setFunctionEnvironment } from "../../../infra/local/lambda/lambda.ts";
import type { LambdaFunction } from "../../../infra/local/template/wiring.ts";
import { trace } from "./proxy.ts";

type Handler = (event: unknown, context: object) => Promise<unknown>;
const handlerModule = z.object({
  handler: z.custom<Handler>((value) => typeof value === "function", "is no function"),
});

const invocations = new AsyncLocalStorage<string>();

/**
 * As in a Lambda that handles several events at a time: the SDK asks this store for the trace of the invocation
 * it works for, and sends it along. It looks for the store once, so it has to be there before the first call.
 */
Object.assign(globalThis, { awslambda: { InvokeStore: { getXRayTraceId: () => invocations.getStore() } } });
// biome-ignore lint/style/noProcessEnv: Lambda sets it; without it the SDK sends no trace
process.env.AWS_LAMBDA_FUNCTION_NAME = "fault-injection";

let loads = 0;
let loading = Promise.resolve<unknown>(undefined);

/** One execution environment of a function: `handler.ts`, evaluated anew in the function's own environment. */
function startInstance(
  lambda: LambdaFunction,
  urls: Parameters<typeof setFunctionEnvironment>[1],
): Promise<Handler> {
  async function load() {
    setFunctionEnvironment([lambda], urls);
    const file = new URL(`../../../functions/${lambda.name}/handler.ts?instance=${loads++}`, import.meta.url);
    return handlerModule.parse(await import(file.href)).handler;
  }
  // The environment is the process's, so one after the other.
  const mine = loading.then(load);
  loading = mine.catch(() => {});
  return mine;
}

export class Ended extends Error {
  override readonly name = "Ended";
}

/** The functions of one world. One that crashed, or was given up, starts anew for its next event. */
export function createFunctions(
  world: string,
  lambdas: readonly LambdaFunction[],
  urls: Parameters<typeof setFunctionEnvironment>[1],
) {
  const instances = new Map<string, Promise<Handler>>();
  const running = new Map<string, (reason: Error) => void>();
  let count = 0;
  let underWay = 0;

  function instanceOf(name: string): Promise<Handler> {
    const lambda = lambdas.find((candidate) => candidate.name === name);
    if (!lambda) throw new Error(`There is no function ${name}`);
    const instance = instances.get(name) ?? startInstance(lambda, urls);
    instances.set(name, instance);
    return instance;
  }

  /** Also of those that were given up, and go on. */
  async function run(handler: Handler, event: unknown): Promise<unknown> {
    underWay += 1;
    try {
      return await handler(event, { getRemainingTimeInMillis: () => 60_000 });
    } finally {
      underWay -= 1;
    }
  }

  async function invoke(name: string, event: unknown): Promise<unknown> {
    const handler = await instanceOf(name);
    const invocation = `${name}-${++count}`;
    const ended = new Promise<never>((_, reject) => {
      running.set(invocation, function giveUp(reason) {
        instances.delete(name);
        reject(reason);
      });
    });
    try {
      return await Promise.race([
        invocations.run(trace(world, name, invocation), run, handler, event),
        ended,
      ]);
    } finally {
      running.delete(invocation);
    }
  }

  return {
    invoke,
    isIdle: () => underWay === 0,
    /** The process of an invocation is gone, or given up: whoever waits for it hears no answer. */
    end: (invocation: string) =>
      running.get(invocation)?.(new Ended(`${invocation} ended without an answer`)),
  };
}
