import type { Scope } from "./event.ts";

/** Where CloudWatch keeps the metrics of all stages. */
export const METRICS_NAMESPACE = "ClaimrWebhooks";

/**
 * The dimensions of every metric: `service` is the stage's stack, `scope` one of the event scopes. Nothing
 * unbounded (an account, a webhook, a URL) is ever one: each value of a dimension is another metric to pay for,
 * and the log lines tell those apart.
 */
export const metricDimensions = (stackName: string, scope?: Scope) => ({
  service: stackName,
  ...(scope !== undefined && { scope }),
});

/** What is measured, by scope: each costs $0.30 a month for each scope that has any (docs/observability.md). */
export const scopedMetrics = {
  /** Events that are in the queue and will not be lost: over REST as they are answered, off the bus when fanned out. */
  EventsAccepted: "Count",
  /** How many endpoints wanted an event. One value for all events of a publication that go the same way. */
  FanOutWidth: "Count",
  Delivered: "Count",
  /** Failed attempts that have a next one. */
  Retried: "Count",
  Undelivered: "Count",
  /** Ended because the endpoint was removed. */
  Cancelled: "Count",
  /** From when a retry was due to when it started. */
  RetryLateness: "Milliseconds",
  /** A whole exchange with an endpoint, whatever came of it: one for each attempt. */
  EndpointLatency: "Milliseconds",
  /** From when an event was accepted, or its redelivery asked for, to when it arrived. */
  DeliveryAge: "Milliseconds",
} as const;

/** Without a scope, as a message that cannot be read has none. */
export const plainMetrics = {
  /** Messages that went back to their queue: failures of ours, never of a receiver. */
  MessagesFailed: "Count",
} as const;

export const metricUnits = { ...scopedMetrics, ...plainMetrics };

export type ScopedMetric = keyof typeof scopedMetrics;
export type PlainMetric = keyof typeof plainMetrics;

/**
 * What an alarm sets in proportion. Where one is counted the other is written too, as 0: CloudWatch has no ratio where
 * either is missing.
 */
export const outcomes = ["Delivered", "Undelivered"] as const satisfies readonly ScopedMetric[];
export type Outcome = (typeof outcomes)[number];

/** Of these each value counts; of all others the sum. */
export const isDistribution = (metric: ScopedMetric | PlainMetric): boolean =>
  metricUnits[metric] === "Milliseconds" || metric === "FanOutWidth";

/** How a use-case says what it did. Never throws. */
export type Measure = (metric: ScopedMetric, scope: Scope, value?: number) => void;
