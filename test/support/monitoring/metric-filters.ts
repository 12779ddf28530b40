import * as z from "zod";
import type { Template } from "../../../infra/local/template/synthesize.ts";
import type { Data } from "./cloudwatch.ts";

const metricFilter = z.strictObject({
  FilterPattern: z.string(),
  LogGroupName: z.strictObject({ Ref: z.string() }),
  MetricTransformations: z.tuple([
    z.strictObject({
      ...{ MetricName: z.string(), MetricNamespace: z.string() },
      ...{ MetricValue: z.literal("1"), DefaultValue: z.number().optional() },
    }),
  ]),
});

/**
 * What the template's metric filters make of lines that a log group is given at one time. Where there are some and
 * none is counted, a filter writes its default value, if it has one.
 * @param logGroup its logical id
 * @throws when a filter's pattern, or what it counts, is of a kind that is not known here
 */
export function countLines(
  { resources }: Template,
  logGroup: string,
  lines: readonly string[],
  at: number,
): Data[] {
  return Object.values(resources)
    .filter(({ Type }) => Type === "AWS::Logs::MetricFilter")
    .map(({ Properties }) => metricFilter.parse(Properties))
    .filter(({ LogGroupName }) => LogGroupName.Ref === logGroup)
    .flatMap(({ FilterPattern, MetricTransformations: [{ MetricNamespace, MetricName, DefaultValue }] }) => {
      const counted = lines.filter(matcherOf(FilterPattern)).map(() => 1);
      const byDefault = lines.length > 0 && DefaultValue !== undefined ? [DefaultValue] : [];
      const values = counted.length > 0 ? counted : byDefault;
      if (values.length === 0) return [];
      return [{ namespace: MetricNamespace, metric: MetricName, dimensions: {}, values, at }];
    });
}

/**
 * CloudWatch's filter pattern, as much of it as the stack uses: one field of a JSON line equals one text.
 * @throws for any other, wildcards included
 */
export function matcherOf(pattern: string): (line: string) => boolean {
  const [, path, wanted] = /^\{ \$\.([A-Za-z_]+(?:\.[A-Za-z_]+)*) = "([^"*\\]+)" \}$/.exec(pattern) ?? [];
  if (path === undefined) throw new Error(`The filter pattern ${pattern} is not known here`);
  return function matches(line) {
    let found: unknown = parsed(line);
    for (const name of path.split(".")) found = members.safeParse(found).data?.[name];
    return found === wanted;
  };
}

const members = z.record(z.string(), z.unknown());

/** What is no JSON, a pattern for JSON does not meet. */
function parsed(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}
