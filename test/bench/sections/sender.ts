import * as z from "zod";
import type { Webhook } from "../../../shared/domain/webhook.ts";
import { aWebhook } from "../../support/factories.ts";
import { sum } from "../../support/statistics.ts";
import { measureCeiling } from "../load/ceiling.ts";
import { type Child, startChild } from "../load/child.ts";
import { type Sink, startSink } from "../load/sink.ts";
import { type Chart, type Figure, figureOf, type Measured, type Section } from "../section.ts";
import type { SenderTask } from "./sender/handler-process.ts";
import type { ServicesTask } from "./sender/services-process.ts";

const CASES = [
  { batchSize: 10, webhooks: 1 },
  { batchSize: 100, webhooks: 1 },
  { batchSize: 10, webhooks: 10 },
] as const;
const MESSAGES = 20_000;
/** The first deliveries compile the code that the others run. */
const WARM_UP = 10_000;
const MAX_CALLS = 0.3;
const MAX_CPU_RATIO = 3;
/** None of the messages needs a timer. A call there would fail, and with it the batch. */
const NO_SCHEDULER = "http://127.0.0.1:9";

type Case = (typeof CASES)[number];

const lambdaFunction = z.object({
  name: z.string(),
  physicalName: z.string(),
  arn: z.string(),
  timeoutSeconds: z.number(),
  memoryMiB: z.number(),
  environment: z.record(z.string(), z.string()),
});
const servicesReady = z.object({
  urls: z.object({ dynamodb: z.url(), sqs: z.url() }),
  deliver: lambdaFunction,
});
const servicesReport = z.object({ delivered: z.number() });
const handlerReport = z.object({
  cpuMicroseconds: z.number(),
  milliseconds: z.number(),
  calls: z.record(z.string(), z.number()),
});

interface Services {
  readonly ready: z.infer<typeof servicesReady>;
  /** @returns how many deliveries are stored as delivered */
  ask(task: ServicesTask): Promise<number>;
  stop(): Promise<void>;
}

async function startServices(): Promise<Services> {
  const { child, ready } = await startChild(new URL("sender/services-process.ts", import.meta.url));
  return {
    ready: servicesReady.parse(ready),
    ask: async (task) => servicesReport.parse(await child.ask(task)).delivered,
    stop: child.stop,
  };
}

/** Under names of the case's own: each begins with event 0, and a delivery made before is not made again. */
const webhooksAt = (sink: Sink, { batchSize, webhooks }: Case): Webhook[] =>
  Array.from({ length: webhooks }, (_, n) =>
    aWebhook({
      account: "bench",
      hook_id: `hook-${batchSize}-${webhooks}-${n}`,
      urls: [sink.url(200, 0, `e${n}`)],
    }),
  );

async function runHandler(child: Child, sink: Sink, services: Services, one: Case) {
  const registered = webhooksAt(sink, one);
  const before = await services.ask({ register: registered });
  await sink.reset("count");
  const task: SenderTask = {
    deliver: services.ready.deliver,
    urls: { ...services.ready.urls, scheduler: NO_SCHEDULER },
    targets: registered.map(({ account, hook_id, registration, urls: [url = ""] }) => {
      return { account, hook_id, registration, url };
    }),
    batchSize: one.batchSize,
    warmUp: WARM_UP,
    messages: MESSAGES,
  };
  const measured = handlerReport.parse(await child.ask(task));

  const wanted = WARM_UP + MESSAGES;
  const { count } = await sink.report();
  const stored = (await services.ask({})) - before;
  if (count !== wanted || stored !== wanted)
    throw new Error(
      `Of ${wanted} messages ${count} came to the endpoint and ${stored} are stored as delivered`,
    );
  return measured;
}

async function measureCase(sink: Sink, services: Services, one: Case): Promise<Figure[]> {
  const bare = await measureCeiling(sink.url(200));
  const { child } = await startChild(new URL("sender/handler-process.ts", import.meta.url), { isMute: true });
  try {
    const { cpuMicroseconds, calls, milliseconds } = await runHandler(child, sink, services, one);
    const { batchSize: size } = one;
    const inBursts = await measureCeiling(sink.url(200), { size, everyMs: size * milliseconds });
    const how = howOf(one);
    return [
      {
        ...{ name: `AWS calls per delivery, ${how}`, value: sum(Object.values(calls)), unit: "" },
        goal: { atMost: MAX_CALLS },
      },
      { name: `CPU per delivery, ${how}`, value: cpuMicroseconds, unit: "µs" },
      { name: `CPU per bare POST, before ${how}`, value: bare.cpuMicroseconds, unit: "µs" },
      {
        ...{ name: `CPU, ${how}`, value: cpuMicroseconds / bare.cpuMicroseconds, unit: "× bare POST" },
        goal: { atMost: MAX_CPU_RATIO },
      },
      {
        ...{ name: `CPU beside bare bursts, ${how}`, unit: "× bare POST in bursts" },
        value: cpuMicroseconds / inBursts.cpuMicroseconds,
      },
    ];
  } finally {
    await child.stop();
  }
}

const howOf = ({ batchSize, webhooks }: Case) =>
  `batch of ${batchSize}, ${webhooks} webhook${webhooks === 1 ? "" : "s"}`;

async function measure(): Promise<Measured> {
  const sink = await startSink();
  try {
    const services = await startServices();
    try {
      const figures: Figure[] = [];
      for (const one of CASES) figures.push(...(await measureCase(sink, services, one)));
      return { figures };
    } finally {
      await services.stop();
    }
  } finally {
    await sink.stop();
  }
}

export const sender: Section = {
  name: "sender",
  title: "The deliver function alone, against a bare signed POST",
  runs: 3,
  measure,
  charts: (figures): Chart[] => [
    {
      name: "sender-cpu",
      title: "CPU of a delivery, in bare signed POSTs",
      kind: "bar",
      x: { title: "what an invocation gets" },
      y: { title: "× bare POST" },
      categories: CASES.map(howOf),
      series: [
        {
          name: "beside a pool that never waits",
          values: CASES.map((one) => figureOf(figures, `CPU, ${howOf(one)}`)),
        },
        {
          name: "beside bursts that wait as the function does",
          values: CASES.map((one) => figureOf(figures, `CPU beside bare bursts, ${howOf(one)}`)),
        },
      ],
      limit: { name: "goal", y: MAX_CPU_RATIO },
    },
    {
      name: "sender-calls",
      title: "AWS calls of a delivery",
      kind: "bar",
      x: { title: "what an invocation gets" },
      y: { title: "calls per delivery" },
      categories: CASES.map(howOf),
      series: [
        {
          name: "deliver",
          values: CASES.map((one) => figureOf(figures, `AWS calls per delivery, ${howOf(one)}`)),
        },
      ],
      limit: { name: "goal", y: MAX_CALLS },
    },
  ],
};
