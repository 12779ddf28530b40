import { Duration, Stack } from "aws-cdk-lib";
import type { RestApi } from "aws-cdk-lib/aws-apigateway";
import { type IMetric, MathExpression, Metric } from "aws-cdk-lib/aws-cloudwatch";
import type { EventBus, Rule } from "aws-cdk-lib/aws-events";
import type { ScheduleGroup } from "aws-cdk-lib/aws-scheduler";
import type { Construct } from "constructs";
import { type Scope, scopes } from "../../../shared/domain/event.ts";
import {
  METRICS_NAMESPACE,
  metricDimensions,
  type PlainMetric,
  type ScopedMetric,
} from "../../../shared/domain/metric.ts";
import type { FunctionName } from "../../../shared/http/routes.ts";
import type { ServiceFunction } from "../service-function.ts";
import type { Storage } from "../storage.ts";
import type { WorkQueue } from "../work-queue.ts";

/** All that alarms and dashboard look at. */
export interface Watched {
  readonly functions: Readonly<Record<FunctionName, ServiceFunction>>;
  readonly storage: Storage;
  readonly events: WorkQueue;
  readonly deliveries: WorkQueue;
  readonly slowDeliveries: WorkQueue;
  readonly redeliveries: WorkQueue;
  readonly api: RestApi;
  readonly bus: EventBus;
  readonly busRule: Rule;
  readonly schedules: ScheduleGroup;
  /** The longest that a message may wait on a queue on purpose: the SQS timer of a retry. */
  readonly longestQueueDelay: Duration;
}

export const tablesOf = ({ storage: { apiKeys, webhooks, deliveries, undelivered } }: Watched) => ({
  "api-keys": apiKeys,
  webhooks,
  deliveries,
  undelivered,
});

export const FIVE_MINUTES = Duration.minutes(5);

/** Metrics of ours, as `shared/metrics.ts` writes them in this stage. */
export function ownMetrics(construct: Construct, period: Duration) {
  const { stackName } = Stack.of(construct);

  function ofScope(scope: Scope, metric: ScopedMetric, statistic: string): Metric {
    return new Metric({
      namespace: METRICS_NAMESPACE,
      metricName: metric,
      dimensionsMap: metricDimensions(stackName, scope),
      statistic,
      period,
      label: scope,
    });
  }

  /** One for each scope. */
  const byScope = (metric: ScopedMetric, statistic = "Sum"): Metric[] =>
    scopes.map((scope) => ofScope(scope, metric, statistic));

  return {
    ofScope,
    byScope,

    plain: (metric: PlainMetric): Metric =>
      new Metric({
        namespace: METRICS_NAMESPACE,
        metricName: metric,
        dimensionsMap: metricDimensions(stackName),
        statistic: "Sum",
        period,
      }),

    /** Of all scopes together. */
    total: (metric: ScopedMetric, label: string, statistic?: string): IMetric =>
      sumOf(idOf(metric), byScope(metric, statistic), period, label),

    /** How much of what ended in a scope did not arrive, in percent; 0 where less than `floor` ended. */
    undeliveredPercent(scope: Scope, floor: number): IMetric {
      const [undelivered, delivered] = [`undelivered_${scope}`, `delivered_${scope}`];
      const ended = `(${undelivered} + ${delivered})`;
      return new MathExpression({
        expression: `IF(${ended} >= ${floor}, 100 * ${undelivered} / ${ended}, 0)`,
        usingMetrics: {
          [undelivered]: ofScope(scope, "Undelivered", "Sum"),
          [delivered]: ofScope(scope, "Delivered", "Sum"),
        },
        period,
        label: `undelivered of ${scope}, %`,
      });
    },
  };
}

/**
 * For graphs: a metric that nobody wrote in a period counts as 0 in it. No alarm may depend on that (`alarmList`).
 * @param prefix tells its ids from those of other expressions in the same graph
 */
export function sumOf(prefix: string, metrics: readonly IMetric[], period: Duration, label: string): IMetric {
  const usingMetrics = Object.fromEntries(metrics.map((metric, index) => [`${prefix}${index}`, metric]));
  const expression = Object.keys(usingMetrics)
    .map((id) => `FILL(${id}, 0)`)
    .join(" + ");
  return new MathExpression({ expression, usingMetrics, period, label });
}

/** Ids begin with a small letter. */
const idOf = (metric: ScopedMetric) => metric.toLowerCase();
