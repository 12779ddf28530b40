import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { codeOf } from "../../../infra/local/failure.ts";
import { freePort, until } from "../../support/local-run.ts";
import { SenderFailure } from "../load/sender.ts";

/** It keeps nothing on disk, as the local run does in the bench: faster so, and the comparison is not to flatter us. */
const IN_MEMORY = ["--save", "", "--appendonly", "no"];

/**
 * A `redis-server` of this process's own, on a free port of the loopback interface, that ends with the process.
 * @returns its port
 * @throws SenderFailure where none is installed
 */
export async function startRedis(): Promise<number> {
  const port = await freePort();
  const folder = mkdtempSync(join(tmpdir(), "bench-redis-"));
  const options = ["--port", String(port), "--bind", "127.0.0.1", "--dir", folder, ...IN_MEMORY];
  const redis = spawn("redis-server", options, { stdio: ["ignore", "pipe", "ignore"] });
  process.on("exit", () => {
    redis.kill("SIGKILL");
    rmSync(folder, { recursive: true, force: true });
  });

  let output = "";
  redis.stdout.setEncoding("utf8").on("data", (text: string) => {
    output += text;
  });
  let failure: Error | undefined;
  redis.on("error", (error) => {
    failure = error;
  });
  redis.on("exit", () => {
    failure = new Error(`redis-server ended: ${output}`);
  });
  await until(() => output.includes("Ready to accept connections") || failure !== undefined);
  if (codeOf(failure) === "ENOENT") {
    throw new SenderFailure("There is no redis-server on PATH; Debian's package redis-server has it.");
  }
  if (failure) throw failure;
  return port;
}
