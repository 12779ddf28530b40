import { once } from "node:events";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { Worker } from "node:worker_threads";
import { messageOf, StartFailure } from "../failure.ts";
import { IN_MEMORY } from "../settings.ts";
import { workerReport } from "./worker-protocol.ts";

/**
 * How long a service may take to close its files before its thread is ended.
 * What it accepted is on disk by then.
 */
const STOP_TIMEOUT_MS = 3_000;

export interface Service {
  /** Where it listens, without a slash at the end. */
  readonly url: string;
  stop(): Promise<void>;
}

/** DynamoDB is dynalite, in a thread of its own. @param dataDir the run's folder, or `:memory:` */
export async function startDynamoDb(dataDir: string): Promise<Service> {
  const folder = subfolder(dataDir, "dynamodb");
  return startWorker("DynamoDB", new URL("./dynamodb-worker.ts", import.meta.url), folder);
}

/** SQS is fauxqs, in a thread of its own. @param dataDir the run's folder, or `:memory:` */
export async function startSqs(dataDir: string): Promise<Service> {
  const folder = subfolder(dataDir, "sqs");
  return startWorker("SQS", new URL("./sqs-worker.ts", import.meta.url), folder);
}

function subfolder(dataDir: string, name: string): string | undefined {
  if (dataDir === IN_MEMORY) return undefined;
  const folder = join(dataDir, name);
  mkdirSync(folder, { recursive: true });
  return folder;
}

/** @throws StartFailure when the service does not come up */
async function startWorker(name: string, module: URL, dataDir: string | undefined): Promise<Service> {
  const worker = new Worker(module, {
    workerData: { dataDir },
    // node:sqlite still calls itself experimental.
    execArgv: ["--disable-warning=ExperimentalWarning"],
  });
  const exited = new Promise<void>((resolve) => worker.once("exit", () => resolve()));
  const [report] = await once(worker, "message").catch((error: unknown) => [{ failure: messageOf(error) }]);
  const outcome = workerReport.parse(report);
  if ("failure" in outcome) {
    await worker.terminate();
    throw new StartFailure(`The local ${name} did not start: ${outcome.failure}.`);
  }
  worker.once("error", function crash(cause) {
    throw new Error(`The local ${name} broke down`, { cause });
  });
  return {
    url: outcome.url,
    async stop() {
      worker.postMessage("stop");
      const timer = setTimeout(() => void worker.terminate(), STOP_TIMEOUT_MS);
      await exited;
      clearTimeout(timer);
    },
  };
}
