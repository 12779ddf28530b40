import * as z from "zod";
import type { Invoke, ServiceUrls } from "../../../infra/local/lambda/lambda.ts";
import type { LambdaFunction } from "../../../infra/local/template/wiring.ts";
import { type Child, startChild } from "../load/child.ts";
import { invocationLogBytes, LINES_OF_AN_INVOCATION, type Observed } from "./platform-lines.ts";
import { tally, type Usage } from "./usage.ts";

/** The memory with which Lambda gives a function a whole CPU (developer guide, "Configure Lambda function memory"). */
const MIB_PER_CPU = 1_769;

const started = z.object({ initMs: z.number(), error: z.string().optional() });
const invoked = z.object({
  result: z.string().optional(),
  error: z.string().optional(),
  idleMs: z.number(),
  cpuMs: z.number(),
  logs: z.record(z.string(), z.object({ calls: z.number(), units: z.number() })),
});
const batch = z.object({ Records: z.array(z.unknown()) });

export interface EnvironmentOptions {
  readonly functions: readonly LambdaFunction[];
  /** How many of each function there are: as many invocations go on at the same time. */
  readonly countOf: (name: string) => number;
  readonly bundleOf: (name: string) => string;
  readonly observed: ReadonlyMap<string, Observed>;
  readonly urls: ServiceUrls;
  /** What is counted into, asked at each invocation. */
  readonly usage: () => Usage;
}

/** Execution environments of each function, in processes of their own that take one invocation at a time. */
export async function startEnvironments(options: EnvironmentOptions) {
  const { functions, countOf, bundleOf, observed, urls, usage } = options;
  const all: Child[] = [];
  const free = new Map<string, Child[]>();
  const waiting = new Map<string, ((child: Child) => void)[]>();
  const initMs = new Map<string, number>();
  let underWay = 0;

  async function startOne(lambda: LambdaFunction): Promise<void> {
    const { child } = await startChild(new URL("lambda-process.ts", import.meta.url));
    all.push(child);
    // Locally they are off (infra/local/lambda/lambda.ts); on AWS they are paid for.
    const environment = { ...lambda.environment, POWERTOOLS_METRICS_DISABLED: "false" };
    const start = { bundle: bundleOf(lambda.name), environment: [[{ ...lambda, environment }], urls] };
    const { error, initMs: took } = started.partial({ initMs: true }).parse(await child.ask({ start }));
    if (error !== undefined || took === undefined) throw new Error(`${lambda.name} did not start: ${error}`);
    initMs.set(lambda.name, took);
    free.set(lambda.name, [...(free.get(lambda.name) ?? []), child]);
  }

  function take(name: string): Promise<Child> {
    const child = free.get(name)?.pop();
    if (child) return Promise.resolve(child);
    return new Promise((resolve) => waiting.set(name, [...(waiting.get(name) ?? []), resolve]));
  }

  function giveBack(name: string, child: Child): void {
    const next = waiting.get(name)?.shift();
    if (next) next(child);
    else free.get(name)?.push(child);
  }

  function count(lambda: LambdaFunction, event: unknown, one: z.infer<typeof invoked>): void {
    const { functions: counted, logs } = usage();
    const { name, memoryMiB } = lambda;
    const { isTraced = false, isReported = false } = observed.get(name) ?? {};
    const sum = counted[name] ?? { invocations: 0, messages: 0, billedMs: 0, cpuMs: 0, memoryMiB, isTraced };
    counted[name] = sum;
    sum.invocations++;
    sum.messages += batch.safeParse(event).data?.Records.length ?? 0;
    sum.cpuMs += one.cpuMs;
    // With less than a CPU, what takes CPU takes so much longer. Lambda rounds up to whole milliseconds.
    sum.billedMs += Math.ceil(one.idleMs + (one.cpuMs * MIB_PER_CPU) / memoryMiB);
    for (const [about, { calls, units }] of Object.entries(one.logs)) tally(logs, about, units, calls);
    if (isReported) tally(logs, "Lambda's own", invocationLogBytes(memoryMiB), LINES_OF_AN_INVOCATION);
  }

  const invoke: Invoke = async function invoke(name, event) {
    const lambda = functions.find((candidate) => candidate.name === name);
    if (!lambda) throw new Error(`There is no function ${name}`);
    underWay++;
    const child = await take(name);
    try {
      const answer = invoked.parse(
        await child.ask({ event: JSON.stringify(event), timeoutSeconds: lambda.timeoutSeconds }),
      );
      count(lambda, event, answer);
      if (answer.error !== undefined) throw new Error(answer.error);
      return answer.result === undefined ? undefined : JSON.parse(answer.result);
    } finally {
      giveBack(name, child);
      underWay--;
    }
  };

  await Promise.all(
    functions.flatMap((lambda) => Array.from({ length: countOf(lambda.name) }, () => startOne(lambda))),
  );
  return {
    invoke,
    initMs: (name: string): number => initMs.get(name) ?? Number.NaN,
    isIdle: () => underWay === 0,
    stop: async () => void (await Promise.all(all.map((child) => child.stop()))),
  };
}
