import type { Context, SQSEvent } from "aws-lambda";
import { vi } from "vitest";
import { createDeliver } from "../../../functions/deliver/deliver.ts";
import type { Delivery, DeliveryMessage, Exchange } from "../../../shared/domain/delivery.ts";
import type { Measure } from "../../../shared/domain/metric.ts";
import { log } from "../../../shared/log.ts";
import { aWebhook } from "../factories.ts";
import { type Point, readEmf } from "./emf.ts";
import { captureLambdaLines } from "./lambda-console.ts";

/** One attempt that `deliver` is asked for, and how it goes. */
export interface Asked {
  readonly message: DeliveryMessage;
  readonly answer: "arrives" | "fails" | "retries" | "breaks" | "is early";
  /** What is stored of its delivery. */
  readonly stored?: Delivery;
}

const EARLY_MS = 10_000;
const exchange: Exchange = {
  ...{ status: 200, error: null, durationMs: 40 },
  ...{ response: null, retryAfter: undefined },
};

/**
 * What a batch of deliveries writes: the real use-case, in the real batch handler, with no retries unless asked for, and a world that
 * is not there.
 * @param stack the stage's name, as Lambda hands it over
 */
export async function linesOf(stack: string, asked: readonly Asked[], now: number): Promise<string[]> {
  vi.stubEnv("POWERTOOLS_SERVICE_NAME", stack);
  // As in a process of its own: the stage's name is read once.
  vi.resetModules();
  const { sqsBatch } = await import("../../../shared/aws/sqs-batch.ts");
  const { measure } = await import("../../../shared/metrics.ts");
  const captured = captureLambdaLines();
  const handler = sqsBatch(async ({ body }) => {
    const one = asked[Number(body)];
    if (one) await deliverOf(one, now, measure)(one.message, false);
  });
  const event = {
    Records: asked.map((_, index) => ({
      ...{ body: String(index), messageId: `m${index}` },
      ...{ attributes: { ApproximateReceiveCount: "1" }, messageAttributes: {} },
    })),
  } as SQSEvent;
  try {
    await handler(event, { getRemainingTimeInMillis: () => 40_000 } as Context);
  } finally {
    await captured.restore();
  }
  return captured.lines();
}

/** The metrics that CloudWatch finds in these lines. */
export async function emittedBy(stack: string, asked: readonly Asked[], now: number): Promise<Point[]> {
  const lines = await linesOf(stack, asked, now);
  return lines.flatMap(readEmf).map((point) => ({ ...point, at: now }));
}

const deliverOf = ({ answer, stored, message }: Asked, now: number, measure: Measure) =>
  createDeliver({
    policy: answer === "retries" ? [30] : [],
    clock: { now: () => (answer === "is early" ? now - EARLY_MS : now), sleep: async () => {} },
    webhooks: {
      find: async () => aWebhook({ scope: message.scope, urls: [message.url] }),
      disableEndpoint: async () => {},
    },
    deliveries: {
      find: async () => stored,
      async settle() {
        if (answer === "breaks") throw new Error("DynamoDB is down");
      },
      advance: async () => true,
    },
    keepUndelivered: async () => {},
    timer: { set: async () => {}, hold: async () => {} },
    send: async () =>
      ["fails", "retries"].includes(answer) ? { ...exchange, status: 500, error: "answered 500" } : exchange,
    watch: (_webhook, _url, attempt) => attempt(),
    log,
    measure,
  });
