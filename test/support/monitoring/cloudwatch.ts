import type { Point } from "./emf.ts";
import { metricMath, type Value } from "./metric-math.ts";

/** What a template says of one alarm, its references resolved. */
export interface AlarmRule {
  readonly queries: readonly MetricQuery[];
  readonly threshold: number;
  readonly comparison: string;
  readonly periods: number;
  readonly datapointsToAlarm: number;
  readonly treatMissingData: string;
}

export interface MetricStat {
  readonly namespace: string;
  readonly metric: string;
  readonly dimensions: Readonly<Record<string, string>>;
  readonly statistic: string;
  readonly periodMs: number;
}

/** One that another names is only part of it; the last one counts. */
export type MetricQuery = { readonly id: string } & (
  | { readonly stat: MetricStat }
  | { readonly expression: string; readonly periodMs: number }
);

/** What a metric was given at one time. */
export type Data = Pick<Point, "namespace" | "metric" | "dimensions" | "values" | "at">;

const keyOf = (of: { namespace: string; metric: string; dimensions: Readonly<Record<string, string>> }) =>
  JSON.stringify([of.namespace, of.metric, Object.entries(of.dimensions).sort()]);

const statistics: Readonly<Record<string, (sorted: readonly number[]) => Value>> = {
  Sum: (values) => values.reduce((sum, value) => sum + value, 0),
  Maximum: (values) => values.at(-1),
  p50: (values) => values[Math.ceil(values.length * 0.5) - 1],
  p99: (values) => values[Math.ceil(values.length * 0.99) - 1],
};

const comparisons: Readonly<Record<string, (value: number, threshold: number) => boolean>> = {
  GreaterThanOrEqualToThreshold: (value, threshold) => value >= threshold,
  GreaterThanThreshold: (value, threshold) => value > threshold,
};

/** Metrics over time, and what alarms make of them: as much of CloudWatch as the stack asks of it. */
export function createCloudWatch(data: readonly Data[]) {
  const series = new Map<string, Data[]>();
  for (const point of data) {
    const key = keyOf(point);
    series.set(key, [...(series.get(key) ?? []), point]);
  }

  /** Of the period that ends at `end`. */
  function statOf({ statistic, periodMs, ...of }: MetricStat, end: number): Value {
    const compute = statistics[statistic];
    if (!compute) throw new Error(`The statistic ${statistic} is not known here`);
    const values = (series.get(keyOf(of)) ?? [])
      .filter(({ at }) => at >= end - periodMs && at < end)
      .flatMap((point) => point.values)
      .sort((a, b) => a - b);
    return values.length === 0 ? undefined : compute(values);
  }

  /** What an alarm compares for the period that ends at `end`. */
  function valueIn(queries: readonly MetricQuery[], id: string, end: number): Value {
    const query = queries.find((one) => one.id === id);
    if (!query) throw new Error(`There is no metric ${id}`);
    if ("stat" in query) return statOf(query.stat, end);
    return metricMath(query.expression, "alarm")((inner) => valueIn(queries, inner, end));
  }

  return {
    stateOf(rule: AlarmRule, now: number): "ALARM" | "OK" {
      const compare = comparisons[rule.comparison];
      if (!compare) throw new Error(`The comparison ${rule.comparison} is not known here`);
      if (rule.treatMissingData !== "notBreaching")
        throw new Error(`Missing data as ${rule.treatMissingData} is not known here`);
      const watched = rule.queries.at(-1);
      if (!watched) throw new Error("An alarm that watches nothing");
      const periodMs = "stat" in watched ? watched.stat.periodMs : watched.periodMs;
      const breaching = Array.from({ length: rule.periods }, (_, index) => {
        const value = valueIn(rule.queries, watched.id, now - index * periodMs);
        return value !== undefined && compare(value, rule.threshold);
      });
      return breaching.filter(Boolean).length >= rule.datapointsToAlarm ? "ALARM" : "OK";
    },
  };
}
