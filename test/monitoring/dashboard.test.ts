import { expect, test } from "vitest";
import * as z from "zod";
import { synthesize } from "../../infra/local/template/synthesize.ts";
import { deployedSettings } from "../../infra/settings.ts";
import { metricMath } from "../support/monitoring/metric-math.ts";

const dashboard = Object.values(synthesize(deployedSettings("dev", {})).resources).find(
  ({ Type }) => Type === "AWS::CloudWatch::Dashboard",
)?.Properties;
const { "Fn::Join": join } = z
  .object({ "Fn::Join": z.tuple([z.literal(""), z.array(z.unknown())]) })
  .parse(dashboard?.DashboardBody);
/** What the stack refers to stands as its JSON, without the quotes that would end the text around it. */
const body = join[1]
  .map((part) => (typeof part === "string" ? part : JSON.stringify(part).replaceAll('"', "'")))
  .join("");

const options = z.looseObject({
  expression: z.string().optional(),
  label: z.string().optional(),
  id: z.string().optional(),
  stat: z.string().optional(),
});
const graph = z.object({
  type: z.literal("metric"),
  properties: z.object({ title: z.string(), metrics: z.array(z.array(z.union([z.string(), options]))) }),
});
const widgets = z
  .object({ widgets: z.array(z.looseObject({ type: z.string() })) })
  .parse(JSON.parse(body)).widgets;
const graphs = widgets
  .filter(({ type }) => type === "metric")
  .map((widget) => graph.parse(widget).properties);

/** A graph's lines: what they compute, and the metric behind each id. */
function readGraph(title: string) {
  const found = graphs.find((one) => one.title.startsWith(title));
  const expressions = new Map<string, string>();
  const metrics = new Map<string, string>();
  for (const entry of found?.metrics ?? []) {
    const last = options.parse(entry.at(-1));
    const names = entry.slice(0, -1).filter((part) => typeof part === "string");
    if (last.expression) expressions.set(last.label ?? "", last.expression);
    else if (last.id) metrics.set(last.id, names.join(" "));
  }
  return { expressions, metrics };
}

test("it is named after its stage, and no formula of it is one that CloudWatch would refuse", () => {
  expect(dashboard?.DashboardName).toBe("claimr-webhooks-dev");
  const formulas = graphs.flatMap(({ metrics }) =>
    metrics.flatMap((entry) => options.safeParse(entry.at(-1)).data?.expression ?? []),
  );
  expect(formulas.length).toBeGreaterThan(10);
  for (const formula of formulas) expect(() => metricMath(formula)).not.toThrow();
});

test("each metric is asked for by its dimensions: without, it would be that of the whole account", () => {
  const metrics = graphs.flatMap(({ title }) => [...readGraph(title).metrics.values()]);
  expect(metrics.length).toBeGreaterThan(50);
  for (const metric of metrics) expect(metric).toMatch(/^(AWS\/\w+|ClaimrWebhooks) \w+ \w+ ./);
});

test("attempts are counted, not their milliseconds added up", () => {
  const totals = graphs.find(({ title }) => title === "Is it working: the last hour");
  const stats = totals?.metrics
    .filter((entry) => entry.includes("EndpointLatency"))
    .map((entry) => options.parse(entry.at(-1)).stat);
  expect(stats).toEqual(Array(4).fill("SampleCount"));
});

test("what it is costing: a million of each at list price", () => {
  const { expressions, metrics } = readGraph("What is it costing");
  const cost = (label: string, matches: RegExp, count: number) =>
    metricMath(expressions.get(label) ?? "")((id) =>
      matches.test(metrics.get(id) ?? "") ? count : undefined,
    );
  expect(cost("API Gateway", /AWS\/ApiGateway Count/, 1e6)).toBeCloseTo(3.5);
  // Ten functions, each invoked a million times for no time at all; and `deliver` alone, for a second each at 256 MB.
  expect(cost("Lambda", /AWS\/Lambda Invocations/, 1e6)).toBeCloseTo(2);
  expect(cost("Lambda", /Duration FunctionName .*DeliveryDeliver/, 1e9)).toBeCloseTo(3.3333, 3);
  expect(cost("DynamoDB", /ConsumedWriteCapacityUnits TableName .*StorageDeliveries/, 1e6)).toBeCloseTo(
    0.625,
  );
  expect(cost("Logs", /IncomingBytes LogGroupName .*DeliveryDeliverLogs/, 1e9)).toBeCloseTo(0.5);
  expect(cost("SQS, at most", /NumberOfMessagesSent QueueName .*IngestEventsQueue/, 1e6)).toBeCloseTo(0.4);
  expect(cost("Scheduler", /InvocationAttemptCount/, 1e6)).toBeCloseTo(1);
});

test("is it working: what did not arrive of a scope, in percent of what ended, and nothing where nothing ended", () => {
  const { expressions, metrics } = readGraph("Is it working");
  const percent = metricMath(expressions.get("undelivered of referral, %") ?? "");
  const of = (counts: Record<string, number>) =>
    percent((id) => counts[metrics.get(id)?.match(/ (\w+) .*referral/)?.[1] ?? ""]);
  expect(of({ Undelivered: 1, Delivered: 3 })).toBe(25);
  expect(of({ Undelivered: 2, Delivered: 0 })).toBe(100);
  expect(of({ Undelivered: 0, Delivered: 2 })).toBe(0);
  expect(of({})).toBeUndefined();
});
