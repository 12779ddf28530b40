import { Queue } from "bullmq";
import { Redis } from "ioredis";
import * as z from "zod";
import { type Child, startChild } from "../load/child.ts";
import { type Sender, SenderFailure, type StartSender } from "../load/sender.ts";

const QUEUE = "deliveries";
const DEFAULT_CONCURRENCY = 50;
const started = z.union([z.object({ port: z.number() }), z.object({ failure: z.string() })]);

/**
 * BullMQ on a Redis of its own, as one would write it in an afternoon: a job for each delivery, and a worker in a
 * process of its own that signs and POSTs. Publishers speak to Redis directly; there is no API in front of it.
 * @param concurrency jobs that the worker has under way at once
 * @throws SenderFailure where no redis-server is installed
 */
export async function startBullMq(concurrency: number): Promise<Sender> {
  const { child } = await startChild(new URL("bullmq-process.ts", import.meta.url));
  const answer = started.parse(await child.ask({ queue: QUEUE, concurrency }));
  if ("port" in answer) return connectPublisher(answer.port, child);
  await child.stop();
  throw new SenderFailure(answer.failure);
}

function connectPublisher(port: number, worker: Child): Sender {
  const connection = new Redis({ port, maxRetriesPerRequest: null });
  const queue = new Queue(QUEUE, { connection });
  let endpoints: readonly string[] = [];

  return {
    name: "BullMQ + Redis",
    processes: ["redis-server", "the BullMQ worker"],
    maxBatch: 100,
    async register(urls) {
      endpoints = urls;
    },
    async publish(events) {
      const jobs = events.flatMap(({ id, json }) =>
        endpoints.map((url) => ({ name: "delivery", data: { url, id, body: json } })),
      );
      await queue.addBulk(jobs);
    },
    async stop() {
      await queue.close();
      connection.disconnect();
      await worker.stop();
    },
  };
}

export const startSender: StartSender = () => startBullMq(DEFAULT_CONCURRENCY);
