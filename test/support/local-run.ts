import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import * as z from "zod";
import { type Answer, callApi } from "./call-api.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));
const START_TIMEOUT_MS = 30_000;
/** The suite starts hundreds of processes of the same modules: what one has compiled the others need not. */
const compileCache = join(tmpdir(), "claimr-webhooks-compile-cache");

const served = z.object({
  dynamodb: z.url(),
  sqs: z.url(),
  scheduler: z.url(),
  tables: z.record(z.string(), z.string()),
  queues: z.record(z.string(), z.url()),
});

export interface LocalRun {
  readonly url: string;
  readonly apiKey: string;
  readonly services: z.infer<typeof served>;
  /** All that it printed so far. */
  output(): string;
  /** Calls the API, with the run's own key unless told; `null` sends none. A string body goes as it is. */
  call(method: string, path: string, body?: unknown, key?: string | null): Promise<Answer>;
  /** Runs `npm run keys` against it and returns what it printed. */
  keys(...args: string[]): Promise<{ code: number | null; stdout: string; stderr: string }>;
  /** Ctrl-C. @returns its exit code */
  stop(): Promise<number | null>;
  /** kill -9. */
  kill(): Promise<void>;
}

type Environment = Record<string, string>;

/**
 * `npm start` in a process of its own, on any free port, keeping nothing unless DATA_DIR is given.
 * @param script what starts it, when not the project's own, and its arguments
 */
export async function startLocalRun(
  environment: Environment = {},
  script: string[] = ["infra/local/main.ts"],
): Promise<LocalRun> {
  const child = startNode(script, { PORT: "0", DATA_DIR: ":memory:", ...environment });
  const collected = collect(child);
  await until(
    () => collected.stdout().includes("Ctrl-C drains") || child.exitCode !== null,
    START_TIMEOUT_MS,
  );
  const url = /API +(http:\S+)/.exec(collected.stdout())?.[1];
  const apiKey = /API key +(\S+)/.exec(collected.stdout())?.[1];
  if (!url || !apiKey) throw new Error(`npm start failed: ${collected.stdout()}${collected.stderr()}`);
  const services = served.parse(await (await fetch(`${url}/_local`)).json());

  return {
    url,
    apiKey,
    services,
    output: () => collected.stdout() + collected.stderr(),
    call: (method, path, body, key = apiKey) => callApi(url + path, method, body, key),
    keys: (...args) => run(["infra/commands/keys/main.ts", ...args], { PORT: new URL(url).port }),
    stop: () => endProcess(child, "SIGINT"),
    kill: async () => void (await endProcess(child, "SIGKILL")),
  };
}

export interface Running {
  stdout(): string;
  stderr(): string;
  hasExited(): boolean;
  /** @returns its exit code */
  end(signal: NodeJS.Signals): Promise<number | null>;
}

/** Starts a script of the project. */
export function start(args: string[], environment: Environment = {}): Running {
  const child = startNode(args, environment);
  return {
    ...collect(child),
    hasExited: () => hasExited(child),
    end: (signal) => endProcess(child, signal),
  };
}

async function endProcess(child: ChildProcess, signal: NodeJS.Signals): Promise<number | null> {
  if (!hasExited(child)) {
    child.kill(signal);
    // Not "exit": what it wrote before may still be on its way.
    await once(child, "close");
  }
  return child.exitCode;
}

const hasExited = ({ exitCode, signalCode }: ChildProcess) => exitCode !== null || signalCode !== null;

/** A port that was free a moment ago. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  if (address === null || typeof address === "string") throw new Error("no port");
  return address.port;
}

/** Runs a script of the project to its end. */
export async function run(args: string[], environment: Environment = {}) {
  const child = startNode(args, environment);
  const collected = collect(child);
  await once(child, "close");
  return { code: child.exitCode, stdout: collected.stdout(), stderr: collected.stderr() };
}

/** Asks until the answer is there: anything but undefined and false. @throws when it is not by then */
export async function until<Answer>(
  ask: () => Answer | Promise<Answer>,
  timeoutMs = 15_000,
  pollMs = 25,
): Promise<Exclude<Answer, undefined | false>> {
  // Not by the date, which a test may hold.
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    const answer = await ask();
    if (answer !== undefined && answer !== false) return answer as Exclude<Answer, undefined | false>;
    if (performance.now() > deadline) throw new Error(`Not within ${timeoutMs} ms: ${ask}`);
    await new Promise((resolve) => setTimeout(resolve, pollMs));
  }
}

function startNode(args: string[], environment: Environment): ChildProcess {
  return spawn(process.execPath, ["--disable-warning=ExperimentalWarning", ...args], {
    cwd: root,
    // Not the caller's settings: a test means the defaults, save for what it says.
    env: { PATH: "/usr/bin:/bin", NODE_COMPILE_CACHE: compileCache, ...environment },
    stdio: ["ignore", "pipe", "pipe"],
  });
}

function collect(child: ChildProcess) {
  const printed = { stdout: [] as string[], stderr: [] as string[] };
  child.stdout?.setEncoding("utf8").on("data", (text: string) => printed.stdout.push(text));
  child.stderr?.setEncoding("utf8").on("data", (text: string) => printed.stderr.push(text));
  return { stdout: () => printed.stdout.join(""), stderr: () => printed.stderr.join("") };
}
