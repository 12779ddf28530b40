import { Worker } from "bullmq";
import { Redis } from "ioredis";
import { Pool } from "undici";
import * as z from "zod";
import { signatureHeaders } from "../../../shared/domain/signature.ts";
import { SenderFailure } from "../load/sender.ts";
import { startRedis } from "./redis.ts";

/** A Redis, and a worker that takes a job, signs and POSTs it. It counts no attempts and keeps no log. */
const SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const start = z.object({ queue: z.string(), concurrency: z.number() });
interface Job {
  readonly url: string;
  readonly id: string;
  readonly body: string;
}

function createPost(connections: number) {
  const pools = new Map<string, Pool>();
  return async function post({ url, id, body }: Job): Promise<void> {
    const { origin, pathname } = new URL(url);
    const pool = pools.get(origin) ?? new Pool(origin, { connections, pipelining: 1 });
    pools.set(origin, pool);
    const timestampSeconds = Math.floor(Date.now() / 1000);
    const headers = {
      ...signatureHeaders([SECRET], { id, timestampSeconds, body }),
      "content-type": "application/json",
    };
    const answer = await pool.request({ method: "POST", path: pathname, headers, body });
    await answer.body.dump();
    if (answer.statusCode >= 300) throw new Error(`${url} answered ${answer.statusCode}`);
  };
}

async function startWorker({ queue, concurrency }: z.infer<typeof start>): Promise<number> {
  const port = await startRedis();
  const post = createPost(concurrency);
  const worker = new Worker<Job>(queue, ({ data }) => post(data), {
    connection: new Redis({ port, maxRetriesPerRequest: null }),
    concurrency,
    removeOnComplete: { count: 0 },
  });
  worker.on("error", (error) => console.error(error));
  await worker.waitUntilReady();
  return port;
}

process.on("message", async (message) => {
  try {
    process.send?.({ port: await startWorker(start.parse(message)) });
  } catch (error) {
    if (!(error instanceof SenderFailure)) throw error;
    process.send?.({ failure: error.message });
  }
});
process.on("disconnect", () => process.exit());
process.send?.({});
