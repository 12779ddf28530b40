import { Metrics } from "@aws-lambda-powertools/metrics";
import type { Scope } from "./domain/event.ts";
import {
  isDistribution,
  METRICS_NAMESPACE,
  type Measure,
  metricUnits,
  outcomes,
  type PlainMetric,
  type ScopedMetric,
} from "./domain/metric.ts";
import { log } from "./log.ts";

type Metric = ScopedMetric | PlainMetric;

/** What was measured since it was last published, by scope; "" has none. */
const pending = new Map<Scope | "", Map<Metric, number[]>>();

/**
 * One for each scope, as a default dimension is the one that Powertools keeps when it publishes by itself, at 100
 * values of a metric. It takes the stage from POWERTOOLS_SERVICE_NAME, and writes nothing at all with
 * POWERTOOLS_METRICS_DISABLED, as in the local run.
 */
const emitters = new Map<Scope | "", Metrics>();

function emitterOf(scope: Scope | ""): Metrics {
  const known = emitters.get(scope);
  if (known) return known;
  const made = new Metrics({
    namespace: METRICS_NAMESPACE,
    ...(scope !== "" && { defaultDimensions: { scope } }),
  });
  emitters.set(scope, made);
  return made;
}

/** Remembered until the end of the invocation (`publishMetrics`): never throws, and prints nothing. */
export const measure: Measure = (metric, scope, value = 1) => {
  add(metric, scope, value);
  if (!outcomes.some((outcome) => outcome === metric)) return;
  for (const other of outcomes) if (other !== metric) add(other, scope, 0);
};

export const measurePlain = (metric: PlainMetric, value = 1): void => add(metric, "", value);

function add(metric: Metric, scope: Scope | "", value: number): void {
  // CloudWatch would drop the whole line.
  if (!Number.isFinite(value)) {
    log.error("metrics.failed", new RangeError(`${metric} is ${value}`));
    return;
  }
  const metrics = pending.get(scope) ?? new Map<Metric, number[]>();
  const values = metrics.get(metric) ?? [];
  if (isDistribution(metric) || values.length === 0) values.push(value);
  else values[0] = (values[0] ?? 0) + value;
  pending.set(scope, metrics.set(metric, values));
}

/**
 * Writes what was measured to standard output, one line of CloudWatch's embedded metric format for each scope. To
 * be called when an invocation ends, however it ends. A failure is logged and no more: no delivery depends on it.
 */
export function publishMetrics(): void {
  const taken = [...pending];
  pending.clear();
  for (const [scope, metrics] of taken) {
    try {
      const emitter = emitterOf(scope);
      for (const [metric, values] of metrics)
        for (const value of values) emitter.addMetric(metric, metricUnits[metric], value);
      // What came to exactly a hundred values is out already, and an empty publication would be a warning.
      if (emitter.hasStoredMetrics()) emitter.publishStoredMetrics();
    } catch (error) {
      log.error("metrics.failed", error, { scope });
    }
  }
}
