import * as z from "zod";
import type { Template } from "../../../infra/local/template/synthesize.ts";
import type { AlarmRule, MetricQuery } from "./cloudwatch.ts";

/** What a dimension of AWS's own metrics names, and by which property where the template says it in words. */
const resourceTypes: Readonly<Record<string, { type: string; nameProperty?: string }>> = {
  QueueName: { type: "AWS::SQS::Queue" },
  FunctionName: { type: "AWS::Lambda::Function" },
  TableName: { type: "AWS::DynamoDB::GlobalTable" },
  EventBusName: { type: "AWS::Events::EventBus" },
  RuleName: { type: "AWS::Events::Rule" },
  ScheduleGroup: { type: "AWS::Scheduler::ScheduleGroup", nameProperty: "Name" },
  ApiName: { type: "AWS::ApiGateway::RestApi", nameProperty: "Name" },
};

/** As the user guides of the services list them, with all the dimensions that a metric must be asked for by. */
const documented = [
  "AWS/SQS ApproximateNumberOfMessagesVisible QueueName",
  "AWS/SQS ApproximateAgeOfOldestMessage QueueName",
  "AWS/SQS NumberOfMessagesSent QueueName",
  "AWS/SQS NumberOfMessagesReceived QueueName",
  "AWS/SQS NumberOfMessagesDeleted QueueName",
  "AWS/SQS NumberOfEmptyReceives QueueName",
  "AWS/Lambda Errors FunctionName",
  "AWS/Lambda Throttles FunctionName",
  "AWS/Lambda Errors FunctionName,Resource",
  "AWS/Lambda Invocations FunctionName,Resource",
  "AWS/Lambda Duration FunctionName",
  "AWS/Lambda Invocations FunctionName",
  "AWS/ApiGateway 5XXError ApiName",
  "AWS/ApiGateway Count ApiName",
  "AWS/DynamoDB ReadThrottleEvents TableName",
  "AWS/DynamoDB WriteThrottleEvents TableName",
  "AWS/DynamoDB ConsumedReadCapacityUnits TableName",
  "AWS/DynamoDB ConsumedWriteCapacityUnits TableName",
  "AWS/DynamoDB SystemErrors Operation,TableName",
  "AWS/Events FailedInvocations EventBusName,RuleName",
  "AWS/Scheduler TargetErrorCount ScheduleGroup",
  "AWS/Scheduler InvocationDroppedCount ScheduleGroup",
  "AWS/Scheduler InvocationAttemptCount ScheduleGroup",
  "AWS/Logs IncomingBytes LogGroupName",
];

const reference = z.union([
  z.string(),
  z.strictObject({ Ref: z.string() }).transform(({ Ref }) => ({ id: Ref })),
  z
    .strictObject({ "Fn::GetAtt": z.tuple([z.string(), z.literal("QueueName")]) })
    .transform((found) => ({ id: found["Fn::GetAtt"][0] })),
  // An alias, as Lambda writes it: "function:alias".
  z
    .strictObject({
      "Fn::Join": z.tuple([
        z.literal(""),
        z.tuple([z.strictObject({ Ref: z.string() }), z.templateLiteral([":", z.string()])]),
      ]),
    })
    .transform((found) => {
      const [{ Ref }, alias] = found["Fn::Join"][1];
      return { id: Ref, alias: alias.slice(1) };
    }),
  // The last part of "rule/bus/rule", which is how the ARN of a bus's rule ends.
  z
    .strictObject({
      "Fn::Select": z.tuple([
        z.literal(2),
        z.strictObject({
          "Fn::Split": z.tuple([
            z.literal("/"),
            z.strictObject({ "Fn::GetAtt": z.tuple([z.string(), z.literal("Arn")]) }),
          ]),
        }),
      ]),
    })
    .transform((found) => ({ id: found["Fn::Select"][1]["Fn::Split"][1]["Fn::GetAtt"][0] })),
]);
const dimensions = z.array(z.strictObject({ Name: z.string(), Value: reference })).default([]);

const stat = z.object({
  Metric: z.object({ Namespace: z.string(), MetricName: z.string(), Dimensions: dimensions }),
  Period: z.number(),
  Stat: z.string(),
});
const query = z.object({
  Id: z.string(),
  Expression: z.string().optional(),
  MetricStat: stat.optional(),
  ReturnData: z.boolean().default(true),
});
const alarm = z.object({
  AlarmName: z.string(),
  AlarmDescription: z.string(),
  ComparisonOperator: z.string(),
  Threshold: z.number(),
  EvaluationPeriods: z.number(),
  DatapointsToAlarm: z.number().optional(),
  TreatMissingData: z.string(),
  AlarmActions: z.array(z.unknown()).default([]),
  OKActions: z.array(z.unknown()).default([]),
  Namespace: z.string().optional(),
  MetricName: z.string().optional(),
  Dimensions: dimensions,
  Period: z.number().optional(),
  Statistic: z.string().optional(),
  ExtendedStatistic: z.string().optional(),
  Metrics: z.array(query).optional(),
});

export interface TemplateAlarm {
  /** Without the stage. */
  readonly id: string;
  readonly description: string;
  readonly rule: AlarmRule;
  readonly notifies: readonly unknown[];
}

/**
 * The alarms of a template. A dimension of AWS's own has the logical id of the resource that it names.
 * @throws when it names none, or a metric is not asked for as AWS documents it
 */
export function readAlarms({ stackName, resources }: Template): TemplateAlarm[] {
  function aliasOf(functionId: string, alias: string): string {
    const [id] =
      Object.entries(resources).find(
        ([, { Type, Properties }]) =>
          Type === "AWS::Lambda::Alias" &&
          Properties.Name === alias &&
          z.object({ Ref: z.literal(functionId) }).safeParse(Properties.FunctionName).success,
      ) ?? [];
    if (id === undefined) throw new Error(`${functionId} has no alias ${alias}`);
    return id;
  }

  function nameOf(dimension: string, value: z.output<typeof reference>): string {
    if (typeof value === "object" && "alias" in value) {
      if (dimension !== "Resource") throw new Error(`${dimension} is an alias`);
      return aliasOf(value.id, value.alias);
    }
    const expected = resourceTypes[dimension];
    if (!expected) {
      if (typeof value === "string") return value;
      throw new Error(`${dimension} names no resource`);
    }
    const { type, nameProperty } = expected;
    const [id] =
      Object.entries(resources).find(([logicalId, { Type, Properties }]) =>
        Type !== type
          ? false
          : typeof value === "string"
            ? nameProperty !== undefined && Properties[nameProperty] === value
            : logicalId === value.id,
      ) ?? [];
    if (id === undefined)
      throw new Error(`${dimension} ${JSON.stringify(value)} is no ${type} of the template`);
    return id;
  }

  function toStat({ Metric, Period, Stat }: z.output<typeof stat>) {
    const { Namespace: namespace, MetricName: metric } = Metric;
    const names = Metric.Dimensions.map(({ Name }) => Name).sort();
    if (namespace.startsWith("AWS/") && !documented.includes(`${namespace} ${metric} ${names.join()}`))
      throw new Error(`AWS documents no ${metric} of ${namespace} by ${names.join()}`);
    return {
      ...{ namespace, metric, statistic: Stat, periodMs: Period * 1_000 },
      dimensions: Object.fromEntries(Metric.Dimensions.map(({ Name, Value }) => [Name, nameOf(Name, Value)])),
    };
  }

  function queriesOf(given: z.output<typeof alarm>): MetricQuery[] {
    const { Namespace, MetricName, Dimensions, Period, Statistic, ExtendedStatistic } = given;
    const Stat = Statistic ?? ExtendedStatistic;
    if (!given.Metrics) {
      if (Namespace === undefined || MetricName === undefined || Period === undefined || Stat === undefined)
        throw new Error(`${given.AlarmName} watches nothing`);
      return [{ id: "m", stat: toStat({ Metric: { Namespace, MetricName, Dimensions }, Period, Stat }) }];
    }
    const parts = given.Metrics.filter(({ ReturnData }) => !ReturnData).map(toQuery);
    const [watched, ...others] = given.Metrics.filter(({ ReturnData }) => ReturnData).map(toQuery);
    if (!watched || others.length > 0) throw new Error(`${given.AlarmName} watches not one thing`);
    const [first] = parts;
    if (parts.length > 10) throw new Error(`${given.AlarmName} has more than the 10 metrics of an alarm`);
    // An expression has the period of its metrics.
    const periodMs = first && "stat" in first ? first.stat.periodMs : 0;
    return [...parts, "expression" in watched ? { ...watched, periodMs } : watched];
  }

  function toQuery({ Id: id, Expression, MetricStat }: z.output<typeof query>): MetricQuery {
    if (MetricStat) return { id, stat: toStat(MetricStat) };
    if (Expression === undefined) throw new Error(`${id} is neither metric nor expression`);
    return { id, expression: Expression, periodMs: 0 };
  }

  return Object.values(resources)
    .filter(({ Type }) => Type === "AWS::CloudWatch::Alarm")
    .map(({ Properties }) => {
      const given = alarm.parse(Properties);
      return {
        id: given.AlarmName.replace(`${stackName}-`, ""),
        description: given.AlarmDescription,
        notifies: [...given.AlarmActions, ...given.OKActions],
        rule: {
          queries: queriesOf(given),
          threshold: given.Threshold,
          comparison: given.ComparisonOperator,
          periods: given.EvaluationPeriods,
          datapointsToAlarm: given.DatapointsToAlarm ?? given.EvaluationPeriods,
          treatMissingData: given.TreatMissingData,
        },
      };
    });
}
