import { setTimeout as sleep } from "node:timers/promises";
import type { SQSEvent } from "aws-lambda";
import * as z from "zod";
import { log } from "../../../shared/log.ts";
import type { EventSourceMapping } from "../template/wiring.ts";
import type { Invoke } from "./lambda.ts";
import { createQueueCalls, type QueueMessage } from "./queue-calls.ts";
import { toRecord } from "./sqs-record.ts";

/**
 * Also how long stop() may have to wait for an idle poller:
 * a poll that is cut off could take a message with it.
 */
const POLL_SECONDS = 1;
/** SQS's own ceiling for one receive, and for one delete. */
const SQS_BATCH = 10;
/**
 * Lambda begins with a handful of invocations, adds 300 a minute while all are busy, and stops at 1,250;
 * one process stops sooner.
 */
const FIRST_CONCURRENCY = 10;
const GROWTH_INTERVAL_MS = 200;
const MAX_CONCURRENCY = 50;
/** Before SQS is asked again after it failed. */
const BACKOFF_MS = 1_000;

const batchResponse = z.object({
  batchItemFailures: z
    .array(z.object({ itemIdentifier: z.string() }))
    .nullish()
    .transform((failures) => failures ?? []),
});

export interface Poller {
  /** Receives no more and waits for the batches in flight. */
  stop(): Promise<void>;
}

/**
 * An event source mapping: what SQS holds goes to the function in batches, and what the function is done with
 * is deleted. A message that failed stays hidden until its visibility timeout ends, and then the queue's
 * redrive policy counts it: a poison message cannot make this loop spin.
 * @param sqsUrl where the local SQS listens
 */
export function startPoller(mapping: EventSourceMapping, sqsUrl: string, invoke: Invoke): Poller {
  const calls = createQueueCalls(sqsUrl);
  const { queue, functionName, batchSize, batchingWindowSeconds, reportsBatchItemFailures } = mapping;
  const inFlight = new Set<Promise<void>>();
  let concurrency = FIRST_CONCURRENCY;
  let grownAt = 0;
  let stopped = false;

  async function poll(): Promise<void> {
    while (!stopped) {
      await waitForPlace();
      const batch = await collectBatch();
      if (batch.length === 0) continue;
      const handling = handle(batch).finally(() => inFlight.delete(handling));
      inFlight.add(handling);
    }
  }

  /** One place more for each interval that began or ended with all of them taken. */
  async function waitForPlace(): Promise<void> {
    while (inFlight.size >= concurrency) {
      if (concurrency < MAX_CONCURRENCY && Date.now() - grownAt >= GROWTH_INTERVAL_MS) {
        concurrency += 1;
        grownAt = Date.now();
      } else await Promise.race([sleep(GROWTH_INTERVAL_MS, undefined, { ref: false }), ...inFlight]);
    }
  }

  /** Waits up to the batching window, from the first message on, for a batch to fill. */
  async function collectBatch(): Promise<QueueMessage[]> {
    const batch = await receive(batchSize);
    const closesAt = Date.now() + batchingWindowSeconds * 1_000;
    while (batch.length > 0 && batch.length < batchSize && Date.now() < closesAt && !stopped) {
      batch.push(...(await receive(batchSize - batch.length)));
    }
    return batch;
  }

  async function receive(wanted: number): Promise<QueueMessage[]> {
    try {
      return await calls.receive(queue.url, Math.min(wanted, SQS_BATCH), POLL_SECONDS);
    } catch (error) {
      log.error("poll.failed", error, { queue: queue.name });
      await sleep(BACKOFF_MS);
      return [];
    }
  }

  async function handle(batch: QueueMessage[]): Promise<void> {
    try {
      const event: SQSEvent = { Records: batch.map((message) => toRecord(message, queue.arn)) };
      const failed = failedIds(await invoke(functionName, event), batch);
      await remove(batch.filter(({ MessageId }) => !failed.has(MessageId)));
    } catch (error) {
      log.error("batch.failed", error, { function: functionName, size: batch.length });
    }
  }

  /**
   * @throws when the answer is not what a mapping with ReportBatchItemFailures takes:
   * then the whole batch failed
   */
  function failedIds(answer: unknown, batch: readonly QueueMessage[]): Set<string | undefined> {
    // Nothing, null and an object without failures all mean success.
    if (!reportsBatchItemFailures || answer === undefined || answer === null) return new Set();
    const failed = batchResponse.parse(answer).batchItemFailures.map(({ itemIdentifier }) => itemIdentifier);
    const known = new Set(batch.map(({ MessageId }) => MessageId));
    const unknown = failed.find((id) => !known.has(id));
    if (unknown !== undefined)
      throw new Error(`batchItemFailures names ${unknown}, which is not in the batch`);
    return new Set(failed);
  }

  async function remove(messages: readonly QueueMessage[]): Promise<void> {
    for (let start = 0; start < messages.length; start += SQS_BATCH) {
      await calls.remove(queue.url, messages.slice(start, start + SQS_BATCH));
    }
  }

  const polling = poll();
  return {
    async stop() {
      stopped = true;
      await polling;
      await Promise.all(inFlight);
      await calls.close();
    },
  };
}
