import { setTimeout as sleep } from "node:timers/promises";
import { SQSClient } from "@aws-sdk/client-sqs";
import * as z from "zod";
import { queueDepths } from "../../infra/commands/ledger/queue-depths.ts";
import { clientOptions } from "../../infra/local/settings.ts";
import { type Running, start, until } from "../support/local-run.ts";

const START_TIMEOUT_MS = 60_000;
const READY = "Ctrl-C drains";

/** Two short retries by SQS delay, two by schedule: a kill meets both timers. */
const RETRY_DELAYS_SECONDS = [1, 3, 1, 3];
const policy = { RETRY_DELAYS_SECONDS: RETRY_DELAYS_SECONDS.join(), SCHEDULE_FROM_SECONDS: "3" };
/** What a delivery gets that is refused to the last. */
export const ATTEMPTS = RETRY_DELAYS_SECONDS.length + 1;

const served = z.object({ sqs: z.url(), outputs: z.record(z.string(), z.string()) });

export type Victim = ReturnType<typeof createVictim>;

/** The local run as a process to be killed, on the same data and port each time. */
export function createVictim(given: {
  readonly dataDir: string;
  readonly port: number;
  readonly apiKey: string;
}) {
  const url = `http://127.0.0.1:${given.port}`;
  const environment = {
    DATA_DIR: given.dataDir,
    PORT: String(given.port),
    LOCAL_API_KEY: given.apiKey,
    ...policy,
  };
  let running: Running | undefined;
  let lastStartMs = 0;

  const begin = () => {
    running = start(["infra/local/main.ts"], environment);
    return running;
  };

  /** @returns all that it printed: what is written to a pipe before a SIGKILL still arrives */
  async function kill(): Promise<string> {
    await running?.end("SIGKILL");
    return running?.stdout() ?? "";
  }

  return {
    url,
    kill,
    /** How long it took to come up the last time, in milliseconds. */
    lastStartMs: () => lastStartMs,

    /** @throws when it does not come up */
    async start(): Promise<void> {
      const startedAt = performance.now();
      const begun = begin();
      await until(() => begun.stdout().includes(READY) || begun.hasExited(), START_TIMEOUT_MS);
      if (begun.hasExited())
        throw new Error(`The local run did not start: ${begun.stdout()}${begun.stderr()}`);
      lastStartMs = performance.now() - startedAt;
    },

    /**
     * Starts it, and kills it before it is up or soon after: a crash while it recovers from a crash.
     * @returns all that it printed
     */
    async startAndKill(afterMs: number): Promise<string> {
      begin();
      await sleep(afterMs);
      return kill();
    },

    /** Kills it without waiting for anything: for when this process is about to end. */
    killNow(): void {
      void running?.end("SIGKILL");
    },

    /** How many messages each queue of deliveries holds, those included that a function has now. */
    async lanes(): Promise<{ fast: number; slow: number }> {
      const { sqs, outputs } = served.parse(await (await fetch(`${url}/_local`)).json());
      const client = new SQSClient(clientOptions(sqs));
      const depths = await queueDepths(client, outputs);
      client.destroy();
      const of = (name: string) => {
        const { ready, inFlight, delayed } = z
          .object({ ready: z.number(), inFlight: z.number(), delayed: z.number() })
          .parse(depths.find(({ queue }) => queue === name));
        return ready + inFlight + delayed;
      };
      return { fast: of("Deliveries"), slow: of("SlowDeliveries") };
    },
  };
}

/** How often each attempt of each delivery was logged, which it is once it is recorded. */
export function recordedAttempts(output: string): Map<string, number> {
  const recorded = new Map<string, number>();
  for (const [, id = ""] of output.matchAll(
    /^\{"event":"delivery\.attempted",.*?"delivery_id":"(dlv_[\w-]+)"/gm,
  )) {
    recorded.set(id, (recorded.get(id) ?? 0) + 1);
  }
  return recorded;
}
