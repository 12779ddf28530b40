import type { Duration } from "aws-cdk-lib";
import { type IMetric, MathExpression, Metric } from "aws-cdk-lib/aws-cloudwatch";
import { CfnFunction } from "aws-cdk-lib/aws-lambda";
import type { ILogGroup } from "aws-cdk-lib/aws-logs";
import type { ServiceFunction } from "../service-function.ts";
import { prices } from "./prices.ts";
import { tablesOf, type Watched } from "./watched.ts";

/** So many of what a metric counts, at this price each. */
interface Item {
  readonly metric: Metric;
  readonly dollars: number;
}

/**
 * What each service is costing, in dollars for each period, at list prices. Without what shows in no metric of the
 * stack: data leaving AWS, storage, alarms and dashboards, keys.
 */
export function costs(watched: Watched, period: Duration): IMetric[] {
  const { api, schedules } = watched;
  const functions = Object.values(watched.functions);
  const queues = [watched.events, watched.deliveries, watched.slowDeliveries, watched.redeliveries];
  const sum = { statistic: "Sum", period };
  const services: [string, Item[]][] = [
    ["Lambda", functions.flatMap((lambda) => lambdaItems(lambda, sum))],
    [
      "DynamoDB",
      Object.values(tablesOf(watched)).flatMap((table) => [
        { metric: table.metricConsumedWriteCapacityUnits(sum), dollars: prices.dynamoDbWriteUnit },
        { metric: table.metricConsumedReadCapacityUnits(sum), dollars: prices.dynamoDbReadUnit },
      ]),
    ],
    [
      // Up to ten messages share a request.
      "SQS, at most",
      queues.flatMap(({ queue }) =>
        [
          queue.metricNumberOfMessagesSent(sum),
          queue.metricNumberOfMessagesReceived(sum),
          queue.metricNumberOfMessagesDeleted(sum),
          queue.metricNumberOfEmptyReceives(sum),
        ].map((metric) => ({ metric, dollars: prices.sqsRequest })),
      ),
    ],
    ["API Gateway", [{ metric: api.metricCount(sum), dollars: prices.apiRequest }]],
    ["Scheduler", [{ metric: schedules.metricAttempts(sum), dollars: prices.scheduleInvocation }]],
    [
      "Logs",
      functions.map(({ logGroup }) => ({ metric: bytesInto(logGroup, sum), dollars: prices.logByte })),
    ],
  ];
  return services.map(([label, items], index) => costOf(label, `c${index}m`, items, period));
}

/** The log group's own `metricIncomingBytes` is that of all log groups of the account: it names none. */
const bytesInto = ({ logGroupName }: ILogGroup, sum: { statistic: string; period: Duration }) =>
  new Metric({
    namespace: "AWS/Logs",
    metricName: "IncomingBytes",
    dimensionsMap: { LogGroupName: logGroupName },
    ...sum,
  });

function lambdaItems(lambda: ServiceFunction, sum: { statistic: string; period: Duration }): Item[] {
  const { defaultChild } = lambda.node;
  const memoryMiB = defaultChild instanceof CfnFunction ? defaultChild.memorySize : undefined;
  if (memoryMiB === undefined) throw new Error(`${lambda.node.path} says nothing of its memory`);
  const dollarsPerMs = (memoryMiB / 1024 / 1000) * prices.lambdaGigabyteSecond;
  return [
    { metric: lambda.metricDuration(sum), dollars: dollarsPerMs },
    { metric: lambda.metricInvocations(sum), dollars: prices.lambdaRequest },
  ];
}

/** @param prefix keeps the ids of one graph's expressions apart */
function costOf(label: string, prefix: string, items: readonly Item[], period: Duration): IMetric {
  const terms = items.map(({ dollars }, index) => `FILL(${prefix}${index}, 0) * ${plain(dollars)}`);
  const usingMetrics = Object.fromEntries(items.map(({ metric }, index) => [`${prefix}${index}`, metric]));
  return new MathExpression({ expression: terms.join(" + "), usingMetrics, period, label });
}

/** Metric math knows no exponents. */
const plain = (dollars: number) => dollars.toFixed(15).replace(/0+$/, "");
