import { once } from "node:events";
import { parentPort, Worker, workerData } from "node:worker_threads";
import * as z from "zod";
import { messageOf, StartFailure } from "./failure.ts";

/** What a thread tells whoever started it, once. */
const report = z.union([z.strictObject({ ready: z.unknown() }), z.strictObject({ failure: z.string() })]);

export interface Thread {
  /** What it said of itself when it was ready. */
  readonly ready: unknown;
  stop(): Promise<void>;
}

/**
 * Starts a part of the local run in a thread of its own, so that its work waits for no other part's.
 * @param name as people know it
 * @param module calls `runThread`
 * @param input for the module; plain data, as it is copied
 * @param stopTimeoutMs how long its stop may take before the thread is ended; without it, as long as it takes
 * @throws StartFailure when it does not come up. One that breaks down later ends the run.
 */
export async function startThread(
  name: string,
  module: URL,
  input: unknown,
  stopTimeoutMs?: number,
): Promise<Thread> {
  const worker = new Worker(module, {
    workerData: input,
    // node:sqlite still calls itself experimental.
    execArgv: ["--disable-warning=ExperimentalWarning"],
  });
  const exited = new Promise<void>((resolve) => worker.once("exit", () => resolve()));
  const [reported] = await once(worker, "message").catch((error: unknown) => [{ failure: messageOf(error) }]);
  const outcome = report.parse(reported);
  if ("failure" in outcome) {
    await worker.terminate();
    throw new StartFailure(`The local ${name} did not start: ${outcome.failure}.`);
  }
  worker.once("error", function crash(cause) {
    throw new Error(`The local ${name} broke down`, { cause });
  });
  return {
    ready: outcome.ready,
    async stop() {
      worker.postMessage("stop");
      const timer =
        stopTimeoutMs === undefined ? undefined : setTimeout(() => void worker.terminate(), stopTimeoutMs);
      await exited;
      clearTimeout(timer);
    },
  };
}

/**
 * The thread's own side: starts it, reports that it is ready or why not, and stops it on the first message.
 * @param start is told the input, as `startThread` was given it: nobody else runs these modules
 */
export async function runThread<Input>(
  start: (input: Input) => Promise<{ ready?: unknown; stop: () => Promise<unknown> }>,
): Promise<void> {
  if (!parentPort) throw new Error("This module is for a thread of its own");
  const port = parentPort;
  try {
    const { ready, stop } = await start(workerData);
    port.once("message", async function stopThread() {
      await stop();
      port.close();
    });
    port.postMessage({ ready });
  } catch (error) {
    port.postMessage({ failure: messageOf(error) });
    port.close();
  }
}
