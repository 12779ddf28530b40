import { execFile } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import * as z from "zod";
import { now } from "../../load/clock.ts";
import type { Bundle } from "./bundles.ts";

const TIMEOUT_MS = 20_000;

/** Stands for Lambda's runtime: imports the handler. Plain JavaScript, as stripping types would be part of the start. */
const PROBE = `
const startedAt = Number(process.hrtime.bigint()) / 1e6;
const { handler } = await import(process.argv[2]);
const readyAt = Number(process.hrtime.bigint()) / 1e6;
const { user, system } = process.cpuUsage();
console.log(JSON.stringify({ startedAt, readyAt, cpuMs: (user + system) / 1000, handler: typeof handler }));
process.exit();
`;

const probed = z.object({
  startedAt: z.number(),
  readyAt: z.number(),
  cpuMs: z.number(),
  handler: z.literal("function"),
});
const run = promisify(execFile);

export interface Start {
  /** From the process's start until the handler is there. */
  readonly wholeMs: number;
  /** From the bundle's import on. */
  readonly importMs: number;
  /** Of the whole start, on all threads. */
  readonly cpuMs: number;
}

export async function writeProbe(folder: string): Promise<string> {
  const probe = join(folder, "probe.mjs");
  await writeFile(probe, PROBE);
  return probe;
}

/** Starts a bundle in a fresh process, with its function's environment and nothing else. @throws when it fails */
export async function startOnce(probe: string, { file, environment }: Bundle): Promise<Start> {
  const spawnedAt = now();
  const { stdout } = await run(process.execPath, [probe, file], { env: environment, timeout: TIMEOUT_MS });
  const { startedAt, readyAt, cpuMs } = probed.parse(JSON.parse(stdout));
  return { wholeMs: readyAt - spawnedAt, importMs: readyAt - startedAt, cpuMs };
}
