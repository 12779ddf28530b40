import * as z from "zod";
import { METRICS_NAMESPACE, metricUnits } from "../../../shared/domain/metric.ts";

/** One metric of one line, under one set of dimensions. */
export interface Point {
  readonly namespace: string;
  readonly metric: string;
  readonly dimensions: Readonly<Record<string, string>>;
  readonly unit: string;
  readonly values: readonly number[];
  readonly at: number;
}

const units: Readonly<Record<string, string>> = metricUnits;
const MAX_AGE_MS = 14 * 86_400_000;
const MAX_AHEAD_MS = 2 * 3_600_000;

/**
 * The limits of CloudWatch's embedded metric format specification. A line that breaks one is no error at AWS: its
 * metrics are simply never seen.
 */
const directive = z.strictObject({
  Namespace: z.literal(METRICS_NAMESPACE),
  Dimensions: z.array(z.array(z.string().min(1)).min(1).max(30)).min(1),
  Metrics: z
    .array(z.strictObject({ Name: z.string().min(1).max(1024), Unit: z.string() }))
    .min(1)
    .max(100),
});
const document = z.looseObject({
  _aws: z.strictObject({
    Timestamp: z
      .int()
      .refine((at) => at > Date.now() - MAX_AGE_MS && at < Date.now() + MAX_AHEAD_MS, "is too old or ahead"),
    CloudWatchMetrics: z.array(directive).min(1),
  }),
});
const finite = z
  .number()
  .min(-(2 ** 360))
  .max(2 ** 360);
const metricValue = z.union([finite.transform((one) => [one]), z.array(finite).min(1).max(100)]);
const dimensionValue = z
  .string()
  .min(1)
  .max(1024)
  .regex(/^[\x20-\x7e]+$/);

/**
 * The metrics of a line of a log, which has none unless it is of CloudWatch's embedded metric format.
 * @throws ZodError when it is, and breaks a rule of it; Error when a metric is none of ours
 */
export function readEmf(line: string): Point[] {
  if (!line.startsWith('{"_aws"')) return [];
  if (Buffer.byteLength(line) > 256 * 1024) throw new Error("A log event ends at 256 KB");
  const { _aws, ...members } = document.parse(JSON.parse(line));
  return _aws.CloudWatchMetrics.flatMap(({ Namespace, Dimensions, Metrics }) =>
    Metrics.flatMap(({ Name, Unit }) => {
      if (units[Name] !== Unit) throw new Error(`${Name} in ${Unit} is no metric of ours`);
      return Dimensions.map((names) => ({
        namespace: Namespace,
        metric: Name,
        dimensions: Object.fromEntries(names.map((name) => [name, dimensionValue.parse(members[name])])),
        unit: Unit,
        values: metricValue.parse(members[Name]),
        at: _aws.Timestamp,
      }));
    }),
  );
}
