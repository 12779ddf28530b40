import { setTimeout as sleep } from "node:timers/promises";
import { type Running, start, until } from "../support/local-run.ts";

const START_TIMEOUT_MS = 60_000;
const READY = "Ctrl-C drains";

/** Two short retries by SQS delay, two by schedule: a kill meets both timers. */
const policy = { RETRY_DELAYS_SECONDS: "1,3,1,3", SCHEDULE_FROM_SECONDS: "3" };

/** The local run as a process to be killed, on the same data and port each time. */
export function createVictim(given: {
  readonly dataDir: string;
  readonly port: number;
  readonly apiKey: string;
}) {
  const environment = {
    DATA_DIR: given.dataDir,
    PORT: String(given.port),
    LOCAL_API_KEY: given.apiKey,
    ...policy,
  };
  let running: Running | undefined;

  const begin = () => {
    running = start(["infra/local/main.ts"], environment);
    return running;
  };

  return {
    /** @throws when it does not come up */
    async start(): Promise<void> {
      const begun = begin();
      await until(() => begun.stdout().includes(READY) || begun.hasExited(), START_TIMEOUT_MS);
      if (begun.hasExited())
        throw new Error(`The local run did not start: ${begun.stdout()}${begun.stderr()}`);
    },

    /** Starts it, and kills it before it is up: a crash while it recovers from a crash. */
    async startAndKill(afterMs: number): Promise<void> {
      const begun = begin();
      await sleep(afterMs);
      await begun.end("SIGKILL");
    },

    /** @returns all that it printed: what is written to a pipe before a SIGKILL still arrives */
    async kill(): Promise<string> {
      await running?.end("SIGKILL");
      return running?.stdout() ?? "";
    },

    stop: async () => running?.end("SIGINT"),
    url: `http://127.0.0.1:${given.port}`,
  };
}

/** How often each attempt of each delivery was logged, which it is once it is recorded. */
export function recordedAttempts(output: string): Map<string, number> {
  const recorded = new Map<string, number>();
  for (const [, id = ""] of output.matchAll(/event: 'delivery\.attempted', delivery_id: '(dlv_[\w-]+)'/g)) {
    recorded.set(id, (recorded.get(id) ?? 0) + 1);
  }
  return recorded;
}
