import {
  billOf,
  type Counted,
  coldStartsOf,
  ITEMS,
  type Item,
  idlePollingOf,
  recoveryOf,
  totalOf,
} from "../counting/bill.ts";
import { otherSenders } from "../counting/other-senders.ts";
import { countLoad, type Load, registerEndpoints } from "../counting/scenario.ts";
import { type CountedStage, startCountedStage } from "../counting/stage.ts";
import { type Sink, startSink } from "../load/sink.ts";
import { type Chart, type Figure, figureOf, type Measured, type Section } from "../section.ts";

const UNIT = "$ per million";
const ENDPOINT_MS = 100;
const BATCH = 100;
const WARM_UP_DELIVERIES = 1_000;

const SCOPE = "user_activity";

interface Scenario extends Load {
  readonly name: string;
  readonly status: number;
  readonly environment?: Record<string, string>;
  readonly goal?: number;
}

/**
 * Two retries by SQS and two by schedule, each of which comes early and is held, as with the true policy; the delays
 * are so long that a round of attempts is over before the next is due.
 */
const FASTER_POLICY = { RETRY_DELAYS_SECONDS: "14,16,24,26", SCHEDULE_FROM_SECONDS: "20" };
const ATTEMPTS = 5;
const SCHEDULES = 2;
/** Sent back for what is left of their delay, once for each schedule; seldom twice, when SQS was early. */
const HOLDS = SCHEDULES;
const TOLERANCE = 0.02;

const happy: Scenario = {
  name: "happy, fan-out 1",
  status: 200,
  events: 2_000,
  batch: BATCH,
  fanOut: 1,
  scope: SCOPE,
  goal: 1.5,
};
const happyWide: Scenario = { ...happy, name: "happy, fan-out 10", events: 200, fanOut: 10 };
const alone: Scenario = {
  name: "happy, one at a time",
  status: 200,
  events: 100,
  batch: 1,
  isPatient: true,
  fanOut: 1,
  scope: SCOPE,
};
const failed: Scenario = {
  ...{ name: "failed five times", status: 500, environment: FASTER_POLICY, goal: 12 },
  ...{ events: 1_000, batch: BATCH, fanOut: 1, attempts: ATTEMPTS, scope: SCOPE },
};
const scenarios = [happy, happyWide, failed];

/** Each with an event source mapping of its own. */
const QUEUES = 4;

const nameOf = (scenario: Scenario, item: string) => `${scenario.name}: ${item}`;

/** A stage of its own, warm, whose endpoints answer with the scenario's status. */
async function onStage<Result>(
  sink: Sink,
  scenario: Scenario,
  measure: (stage: CountedStage) => Promise<Result>,
): Promise<Result> {
  const { fanOut, status, environment } = scenario;
  const urls = Array.from({ length: fanOut }, (_, n) =>
    sink.url(status, ENDPOINT_MS, `hooks/claimr/endpoint-${n}`),
  );
  const stage = await startCountedStage(environment);
  try {
    await registerEndpoints(stage, urls, { scope: SCOPE });
    // With what is measured then: code that only failing attempts run would be compiled while it is counted.
    await countLoad(stage, sink, { ...scenario, events: WARM_UP_DELIVERIES / fanOut });
    return await measure(stage);
  } finally {
    await stage.stop();
  }
}

const batchOf = ({ usage }: Counted): number => {
  const { messages = 0, invocations = 0 } = usage.functions.deliver ?? {};
  return messages / invocations;
};

const figuresOf = (scenario: Scenario, counted: Counted, bill: readonly Item[]): Figure[] => [
  {
    ...{ name: scenario.name, value: totalOf(bill), unit: UNIT },
    ...(scenario.goal !== undefined && { goal: { atMost: scenario.goal } }),
  },
  ...bill.map(({ name, dollarsPerMillion }) => ({
    ...{ name: nameOf(scenario, name), value: dollarsPerMillion, unit: UNIT },
  })),
  { name: nameOf(scenario, "messages in a batch of deliver"), value: batchOf(counted), unit: "" },
];

/** @throws when schedules were not held, each once, as on AWS: the machine was too slow for the policy */
function checkRetries({ usage, deliveries }: Counted): void {
  const expected = deliveries * (ATTEMPTS + HOLDS);
  const taken = usage.functions.deliver?.messages ?? 0;
  if (Math.abs(taken / expected - 1) > TOLERANCE || usage.schedules !== deliveries * SCHEDULES)
    throw new Error(
      `deliver took ${taken} messages rather than ${expected}, of ${usage.schedules} schedules: this machine is too slow for the delays`,
    );
}

async function measureHappy(sink: Sink, scenario: Scenario): Promise<Figure[]> {
  return onStage(sink, scenario, async (stage) => {
    const counted = await countLoad(stage, sink, scenario);
    const figures = figuresOf(scenario, counted, billOf(counted));
    if (scenario !== happy) return figures;
    const singly = await countLoad(stage, sink, alone);
    return [
      ...figures,
      { name: nameOf(happy, "recovery of tables, on prod"), value: recoveryOf(counted), unit: UNIT },
      {
        name: nameOf(happy, "cold starts, one in 1,000"),
        value: coldStartsOf(counted, stage.initMs),
        unit: UNIT,
      },
      ...figuresOf(alone, singly, billOf(singly)),
    ];
  });
}

async function measureFailed(sink: Sink): Promise<Figure[]> {
  return onStage(sink, failed, async (stage) => {
    const counted = await countLoad(stage, sink, failed);
    checkRetries(counted);
    return figuresOf(failed, counted, billOf(counted));
  });
}

async function measure(): Promise<Measured> {
  const sink = await startSink();
  try {
    return {
      figures: [
        ...(await measureHappy(sink, happy)),
        ...(await measureHappy(sink, happyWide)),
        ...(await measureFailed(sink)),
        { name: "polling queues that are empty", value: idlePollingOf(QUEUES), unit: "$ a month" },
        ...otherSenders.map(({ name, dollarsPerMillion: value }) => ({
          name: `${name} lists`,
          value,
          unit: UNIT,
        })),
      ],
    };
  } finally {
    await sink.stop();
  }
}

const totals = (figures: readonly Figure[], of: readonly Scenario[]) =>
  of.map(({ name }) => figureOf(figures, name));

export const cost: Section = {
  name: "cost",
  title: "What a million deliveries cost, at list prices",
  runs: 3,
  measure,
  charts: (figures): Chart[] => [
    {
      name: "cost",
      title: "Dollars for a million deliveries, by what is paid for",
      kind: "bar",
      x: { title: "" },
      y: { title: "$ per million deliveries" },
      categories: ITEMS,
      series: scenarios.map((scenario) => ({
        name: scenario.name,
        values: ITEMS.map((item) => figureOf(figures, nameOf(scenario, item))),
      })),
    },
    {
      name: "cost-beside-others",
      title: "Dollars for a million deliveries, beside what others list",
      kind: "bar",
      x: { title: "" },
      y: { title: "$ per million" },
      categories: [...scenarios, ...otherSenders].map(({ name }) => name),
      series: [
        {
          name: "$ per million",
          values: [
            ...totals(figures, scenarios),
            ...otherSenders.map(({ dollarsPerMillion }) => dollarsPerMillion),
          ],
        },
      ],
    },
  ],
};
