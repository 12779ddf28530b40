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
 * one thread stops sooner.
 */
const FIRST_CONCURRENCY = 10;
const GROWTH_INTERVAL_MS = 200;
const MAX_CONCURRENCY = 50;
/**
 * Lambda's pollers ask SQS side by side. One does while the queue is nearly empty; so many while what comes is full
 * batches, as an answer waits in line for the one thread that takes it.
 */
const RECEIVERS = 4;
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
  const helpers = new Set<Promise<void>>();
  /** Those that have a place, and ask SQS for what to fill it with. */
  let receiving = 0;
  let concurrency = FIRST_CONCURRENCY;
  let grownAt = 0;
  let stopped = false;

  async function poll(): Promise<void> {
    while (!stopped) await pollOnce(POLL_SECONDS);
  }

  /** Beside `poll`, for as long as there is more than it can take. */
  async function help(): Promise<void> {
    while (!stopped && (await pollOnce(0)));
  }

  /** @returns whether there was a batch's worth */
  async function pollOnce(waitSeconds: number): Promise<boolean> {
    await takePlace();
    // What it waited for may have been the end.
    const batch = stopped ? [] : await collectBatch(waitSeconds);
    receiving--;
    if (batch.length === 0) return false;
    const handling = handle(batch).finally(() => inFlight.delete(handling));
    inFlight.add(handling);
    const isFull = batch.length >= Math.min(batchSize, SQS_BATCH);
    if (isFull && !stopped && helpers.size < RECEIVERS - 1) {
      const helping = help().finally(() => helpers.delete(helping));
      helpers.add(helping);
    }
    return isFull;
  }

  /** One place more for each interval that began or ended with all of them taken. */
  async function takePlace(): Promise<void> {
    while (inFlight.size + receiving >= concurrency) {
      if (concurrency < MAX_CONCURRENCY && Date.now() - grownAt >= GROWTH_INTERVAL_MS) {
        concurrency += 1;
        grownAt = Date.now();
      } else await Promise.race([sleep(GROWTH_INTERVAL_MS, undefined, { ref: false }), ...inFlight]);
    }
    // At once: others wait for the same place.
    receiving++;
  }

  /** Waits up to the batching window, from the first message on, for a batch to fill. */
  async function collectBatch(waitSeconds: number): Promise<QueueMessage[]> {
    const batch = await receive(batchSize, waitSeconds);
    const closesAt = Date.now() + batchingWindowSeconds * 1_000;
    while (batch.length > 0 && batch.length < batchSize && Date.now() < closesAt && !stopped) {
      batch.push(...(await receive(batchSize - batch.length, POLL_SECONDS)));
    }
    return batch;
  }

  async function receive(wanted: number, waitSeconds: number): Promise<QueueMessage[]> {
    try {
      return await calls.receive(queue.url, Math.min(wanted, SQS_BATCH), waitSeconds);
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
      await Promise.all(helpers);
      await Promise.all(inFlight);
      calls.close();
    },
  };
}
