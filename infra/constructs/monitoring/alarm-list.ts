import { Duration, Fn } from "aws-cdk-lib";
import { type IMetric, Metric } from "aws-cdk-lib/aws-cloudwatch";
import type { TableV2 } from "aws-cdk-lib/aws-dynamodb";
import type { Construct } from "constructs";
import { scopes } from "../../../shared/domain/event.ts";
import type { FunctionName } from "../../../shared/http/routes.ts";
import type { WorkQueue } from "../work-queue.ts";
import { FIVE_MINUTES, ownMetrics, tablesOf, type Watched } from "./watched.ts";

export interface AlarmDefinition {
  /** Also its name, after the stage's. */
  readonly id: string;
  /** A heading of docs/runbook.md. */
  readonly section: string;
  /** What is wrong, in one sentence. */
  readonly says: string;
  readonly metric: IMetric;
  /** It is raised at this value or above. */
  readonly threshold: number;
  /** For so many periods in a row. */
  readonly periods: number;
}

const ONE_MINUTE = Duration.minutes(1);
const UNDELIVERED_PERIOD = Duration.minutes(15);
const UNDELIVERED_PERCENT = 10;
/** Below it a handful of failures at night would be a rate. */
const UNDELIVERED_FLOOR = 100;
const LATE_MS = 15_000;
/** A fast queue is empty within a second; what is minutes old says that nobody is served. */
const STUCK = Duration.minutes(5);
/** Those who wait for slow endpoints, or for a large redelivery's pace, may wait a while. */
const STUCK_SLOW = Duration.minutes(15);
/** One crash repairs itself: the message comes back, the caller repeats. */
const ERRORS = 3;

/**
 * Everything that wakes somebody up. Each watches one metric, or a ratio of metrics that are always written together,
 * and fills nothing in: what FILL makes of a metric without any data, or with late data, in an alarm's window AWS
 * does not say.
 */
export function alarmList(construct: Construct, watched: Watched): AlarmDefinition[] {
  const own = ownMetrics(construct, FIVE_MINUTES);
  return [
    ...deadLetters(watched),
    ...queueAges(watched),
    // By scope: a busy one would hide the others.
    ...scopes.map((scope) => ({
      ...{ id: `undelivered-rate-${scope}`, section: "undelivered-rate" },
      says: `${UNDELIVERED_PERCENT} % or more of what ended of ${scope} in 15 minutes was given up.`,
      metric: ownMetrics(construct, UNDELIVERED_PERIOD).undeliveredPercent(scope, UNDELIVERED_FLOOR),
      ...{ threshold: UNDELIVERED_PERCENT, periods: 1 },
    })),
    ...scopes.map((scope) => ({
      ...{ id: `retry-lateness-${scope}`, section: "retry-lateness" },
      says: `For 15 minutes, one retry in a hundred of ${scope} started ${LATE_MS / 1000} s late or later.`,
      metric: own.ofScope(scope, "RetryLateness", "p99"),
      ...{ threshold: LATE_MS, periods: 3 },
    })),
    {
      ...{ id: "messages-failing", section: "messages-failing" },
      says: "Messages go back to their queues because something of ours fails.",
      metric: own.plain("MessagesFailed"),
      ...{ threshold: 10, periods: 2 },
    },
    ...functionAlarms(watched),
    {
      ...{ id: "api-5xx", section: "api-5xx" },
      says: "The API answers with errors of ours.",
      metric: watched.api.metricServerError({ statistic: "Sum", period: FIVE_MINUTES }),
      ...{ threshold: 5, periods: 1 },
    },
    ...databaseAlarms(watched),
    ...eventBridgeAlarms(watched),
  ];
}

/** Nothing of a receiver's ends there, so a single message is a fault of ours. */
const deadLetters = ({ events, deliveries, redeliveries }: Watched) =>
  Object.entries({ events, deliveries, redeliveries }).map(([name, { deadLetters: queue }]) => ({
    id: `${name}-dead-letters`,
    section: "dead-letters",
    says: `A message was given up and waits in the dead-letter queue of the ${name}.`,
    metric: queue.metricApproximateNumberOfMessagesVisible({ statistic: "Maximum", period: ONE_MINUTE }),
    ...{ threshold: 1, periods: 1 },
  }));

/** A message whose delay has not passed may count with its age, or not: on purpose it is none of the two that alarms. */
function queueAges({ longestQueueDelay, ...watched }: Watched): AlarmDefinition[] {
  const ages: [string, WorkQueue, Duration][] = [
    ["events", watched.events, STUCK],
    ["deliveries", watched.deliveries, STUCK.plus(longestQueueDelay)],
    ["slow-deliveries", watched.slowDeliveries, STUCK_SLOW.plus(longestQueueDelay)],
    ["redeliveries", watched.redeliveries, STUCK_SLOW],
  ];
  return ages.map(([name, { queue }, age]) => ({
    id: `${name}-age`,
    section: "queue-age",
    says: `The oldest message of the queue ${name} has waited for ${age.toSeconds()} s or more.`,
    metric: queue.metricApproximateAgeOfOldestMessage({ statistic: "Maximum", period: ONE_MINUTE }),
    threshold: age.toSeconds(),
    periods: 3,
  }));
}

/** To a wrong API key the authorizer answers with an error, as API Gateway wants it: its failures show as API errors. */
const NO_ERRORS_OF: readonly FunctionName[] = ["authorizer"];
/** Those that every event passes. What the others are refused shows as API errors. */
const ON_THE_WAY: readonly FunctionName[] = ["authorizer", "events", "fanout", "deliver", "redeliver"];

function functionAlarms({ functions }: Watched): AlarmDefinition[] {
  const errors = Object.entries(functions)
    .filter(([name]) => !NO_ERRORS_OF.some((excepted) => excepted === name))
    .map(([name, lambda]) => ({
      id: `errors-${name}`,
      section: "function-errors",
      says: `The function ${name} crashed, or ran out of time or memory, ${ERRORS} times in 5 minutes.`,
      metric: lambda.metricErrors({ statistic: "Sum", period: FIVE_MINUTES }),
      ...{ threshold: ERRORS, periods: 1 },
    }));
  const throttles = ON_THE_WAY.map((name) => ({
    ...{ id: `throttled-${name}`, section: "functions-throttled" },
    says: `Lambda refuses to run ${name}, which events have to pass.`,
    metric: functions[name].metricThrottles({ statistic: "Sum", period: FIVE_MINUTES }),
    ...{ threshold: 5, periods: 2 },
  }));
  return [...errors, ...throttles];
}

/** Nobody writes API keys but a person with a command, which says what it was refused. */
const WRITTEN_BY_HAND = "throttled-writes-api-keys";

/** Of every event and delivery. What the other tables answer is in the functions' own errors. */
const DELIVERIES_OPERATIONS = ["PutItem", "UpdateItem", "BatchWriteItem", "GetItem", "BatchGetItem", "Query"];

function databaseAlarms(watched: Watched): AlarmDefinition[] {
  const { deliveries } = watched.storage;
  const throttles = Object.entries(tablesOf(watched)).flatMap(([name, table]) =>
    (["Read", "Write"] as const).map((direction) => ({
      ...{ id: `throttled-${direction.toLowerCase()}s-${name}`, section: "database-throttled" },
      says: `DynamoDB refuses many ${direction.toLowerCase()}s of the table ${name}.`,
      metric: ofTable(table, `${direction}ThrottleEvents`),
      // A table that is suddenly asked for twice as much refuses some, and the SDK repeats those.
      ...{ threshold: 100, periods: 2 },
    })),
  );
  const errors = DELIVERIES_OPERATIONS.map((operation) => ({
    ...{ id: `database-errors-${operation}`, section: "database-errors" },
    says: `DynamoDB itself fails at ${operation} on the deliveries table.`,
    metric: ofTable(deliveries, "SystemErrors", operation),
    ...{ threshold: 5, periods: 2 },
  }));
  return [...throttles.filter(({ id }) => id !== WRITTEN_BY_HAND), ...errors];
}

const ofTable = (table: TableV2, metric: string, operation?: string) =>
  table.metric(metric, {
    dimensionsMap: { TableName: table.tableName, ...(operation && { Operation: operation }) },
    statistic: "Sum",
    period: FIVE_MINUTES,
  });

function eventBridgeAlarms({ bus, busRule, schedules }: Watched): AlarmDefinition[] {
  return [
    {
      ...{ id: "bus-rule-failing", section: "bus-rule-failing" },
      says: "EventBridge gave up putting an event of the bus on the events queue.",
      metric: new Metric({
        namespace: "AWS/Events",
        metricName: "FailedInvocations",
        dimensionsMap: {
          EventBusName: bus.eventBusName,
          // CloudFormation's reference to a rule of a bus is "bus|rule"; its ARN ends with "rule/bus/rule".
          RuleName: Fn.select(2, Fn.split("/", busRule.ruleArn)),
        },
        statistic: "Sum",
        period: FIVE_MINUTES,
      }),
      ...{ threshold: 1, periods: 1 },
    },
    {
      ...{ id: "schedules-failing", section: "schedules-failing" },
      says: "For 15 minutes, EventBridge Scheduler could not put due retries on their queue.",
      metric: schedules.metricTargetErrors({ statistic: "Sum", period: FIVE_MINUTES }),
      ...{ threshold: 1, periods: 3 },
    },
    {
      ...{ id: "schedules-dropped", section: "schedules-dropped" },
      says: "EventBridge Scheduler gave up putting a due retry on its queue.",
      metric: schedules.metricDropped({ statistic: "Sum", period: FIVE_MINUTES }),
      ...{ threshold: 1, periods: 1 },
    },
  ];
}
