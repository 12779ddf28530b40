import { mkdirSync } from "node:fs";
import { join } from "node:path";
import * as z from "zod";
import { IN_MEMORY } from "../settings.ts";
import { startThread } from "../thread.ts";

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

/** What the thread of a service is told. */
export interface ServiceInput {
  /** Its own folder; without one it keeps all in memory. */
  readonly dataDir: string | undefined;
}

/** DynamoDB is dynalite, in a thread of its own. @param dataDir the run's folder, or `:memory:` */
export async function startDynamoDb(dataDir: string): Promise<Service> {
  const folder = subfolder(dataDir, "dynamodb");
  return startService("DynamoDB", "./dynamodb-thread.ts", folder);
}

/** SQS is fauxqs, in a thread of its own. @param dataDir the run's folder, or `:memory:` */
export async function startSqs(dataDir: string): Promise<Service> {
  const folder = subfolder(dataDir, "sqs");
  return startService("SQS", "./sqs-thread.ts", folder);
}

function subfolder(dataDir: string, name: string): string | undefined {
  if (dataDir === IN_MEMORY) return undefined;
  const folder = join(dataDir, name);
  mkdirSync(folder, { recursive: true });
  return folder;
}

/** @throws StartFailure when the service does not come up */
async function startService(name: string, module: string, dataDir: string | undefined): Promise<Service> {
  const input: ServiceInput = { dataDir };
  const { ready, stop } = await startThread(name, new URL(module, import.meta.url), input, STOP_TIMEOUT_MS);
  return { url: z.url().parse(ready), stop };
}
