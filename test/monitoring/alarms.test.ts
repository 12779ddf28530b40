import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { synthesize } from "../../infra/local/template/synthesize.ts";
import { deployedSettings } from "../../infra/settings.ts";
import { type Scope, scopes } from "../../shared/domain/event.ts";
import { aDelivery, aMessage, anAttempt } from "../support/factories.ts";
import { readAlarms } from "../support/monitoring/alarms.ts";
import { createCloudWatch, type Data } from "../support/monitoring/cloudwatch.ts";
import { type Asked, emittedBy } from "../support/monitoring/emitted.ts";
import { alarmIdsOf, runbookSections, sectionOf } from "../support/monitoring/runbook.ts";

const NOW = Date.parse("2026-11-23T12:00:00.000Z");
const MINUTE = 60_000;
const LONG_AGO = new Date(NOW - 60 * MINUTE).toISOString();

describe.each(["dev", "prod"])("stage %s", (stage) => {
  const template = synthesize(deployedSettings(stage, { ALARMS: "true" }));
  // Those that take a deployment back wake nobody up: rollback.test.ts provokes them.
  const alarms = readAlarms(template).filter(({ id }) => !id.startsWith("rollback-"));

  /** A metric of AWS's own in one period after the other, the newest last. */
  function aws(
    what: string,
    of: Record<string, RegExp | string>,
    values: number[],
    periodMs = 5 * MINUTE,
  ): Data[] {
    const [namespace = "", metric = ""] = what.split(" ");
    const dimensions = Object.fromEntries(
      Object.entries(of).map(([name, wanted]) => {
        if (typeof wanted === "string") return [name, wanted];
        const [id, ...others] = Object.keys(template.resources).filter((logicalId) => wanted.test(logicalId));
        if (id === undefined || others.length > 0) throw new Error(`${wanted} is not one resource`);
        return [name, id];
      }),
    );
    return values.map((value, index) => ({
      ...{ namespace, metric, dimensions, values: [value] },
      at: NOW - (values.length - index) * periodMs,
    }));
  }

  const emitted = (asked: Asked[], at = NOW - MINUTE) => emittedBy(template.stackName, asked, at);
  const ended = (count: number, answer: Asked["answer"], scope: Scope = "referral"): Asked[] =>
    Array.from({ length: count }, (_, n) => ({
      message: aMessage({ due_at: LONG_AGO, event_id: `${answer}-${n}`, scope }),
      answer,
    }));
  /** A second attempt, so late. */
  const retried = (scope: Scope, lateMs: number, at: number): Asked => ({
    message: aMessage({ scope, attempt: 2, due_at: new Date(at - lateMs).toISOString() }),
    answer: "arrives",
    stored: aDelivery({ scope, attempts: [anAttempt()] }),
  });
  /** A retry in each of some periods, so late. */
  async function lateness(scope: Scope, ...lateMs: number[]) {
    const data: Data[] = [];
    for (const [index, late] of lateMs.entries()) {
      const at = NOW - (lateMs.length - index) * 5 * MINUTE;
      data.push(...(await emitted([retried(scope, late, at)], at)));
    }
    return data;
  }

  const queue = (metric: string, id: RegExp, values: number[]) =>
    aws(`AWS/SQS ${metric}`, { QueueName: id }, values, MINUTE);
  const deadLetters = (id: RegExp): Case => [
    queue("ApproximateNumberOfMessagesVisible", id, [1]),
    queue("ApproximateNumberOfMessagesVisible", id, [1, 0]),
  ];
  const age = (id: RegExp, seconds: number): Case => [
    queue("ApproximateAgeOfOldestMessage", id, [seconds, seconds, seconds]),
    queue("ApproximateAgeOfOldestMessage", id, [seconds, seconds - 1, seconds]),
  ];
  const errors = (id: RegExp): Case => [
    aws("AWS/Lambda Errors", { FunctionName: id }, [3]),
    aws("AWS/Lambda Errors", { FunctionName: id }, [3, 2]),
  ];
  const throttles = (FunctionName: RegExp): Case => [
    aws("AWS/Lambda Throttles", { FunctionName }, [5, 5]),
    aws("AWS/Lambda Throttles", { FunctionName }, [50, 4]),
  ];
  const tableThrottles = (direction: "Read" | "Write", TableName: RegExp): Case => [
    aws(`AWS/DynamoDB ${direction}ThrottleEvents`, { TableName }, [100, 100]),
    aws(`AWS/DynamoDB ${direction}ThrottleEvents`, { TableName }, [1_000, 99]),
  ];
  const systemErrors = (Operation: string): Case => {
    const of = { TableName: /^StorageDeliveries/, Operation };
    return [aws("AWS/DynamoDB SystemErrors", of, [5, 5]), aws("AWS/DynamoDB SystemErrors", of, [100, 4])];
  };
  const onGroup = (metric: string, values: number[]) =>
    aws(`AWS/Scheduler ${metric}`, { ScheduleGroup: /^DeliveryRetrySchedulesGroup/ }, values);
  const bus = { EventBusName: /^IngestBus[0-9A-F]{8}$/, RuleName: /^IngestBusToQueue/ };

  /** What raises an alarm, and what comes close and does not. */
  type Given = Data[] | (() => Promise<Data[]>);
  type Case = [loud: Given, ...quiet: Given[]];

  const ofScope = (scope: Scope): Record<string, () => Case> => {
    const another = scope === "referral" ? "user_login" : "referral";
    return {
      [`undelivered-rate-${scope}`]: () => [
        // However well another scope does.
        () =>
          emitted([
            ...ended(10, "fails", scope),
            ...ended(90, "arrives", scope),
            ...ended(900, "arrives", another),
          ]),
        // Nine in a hundred; and all of them, at night; and those of another.
        () => emitted([...ended(9, "fails", scope), ...ended(91, "arrives", scope)]),
        () => emitted(ended(99, "fails", scope)),
        () => emitted(ended(100, "fails", another)),
      ],
      [`retry-lateness-${scope}`]: () => [
        () => lateness(scope, 15_000, 20_000, 15_000),
        () => lateness(scope, 15_000, 14_999, 15_000),
        () => lateness(another, 20_000, 20_000, 20_000),
      ],
    };
  };

  const provocations: Record<string, () => Case> = {
    "events-dead-letters": () => deadLetters(/^IngestEventsDeadLetters[0-9A-F]{8}$/),
    "deliveries-dead-letters": () => deadLetters(/^DeliveryDeliveriesDeadLetters[0-9A-F]{8}$/),
    "redeliveries-dead-letters": () => deadLetters(/^RedeliveryRedeliveriesDeadLetters[0-9A-F]{8}$/),
    "events-age": () => age(/^IngestEventsQueue[0-9A-F]{8}$/, 300),
    // A minute more: retries that wait on it on purpose.
    "deliveries-age": () => age(/^DeliveryDeliveriesQueue[0-9A-F]{8}$/, 360),
    "slow-deliveries-age": () => age(/^DeliverySlowDeliveriesQueue[0-9A-F]{8}$/, 960),
    "redeliveries-age": () => age(/^RedeliveryRedeliveriesQueue[0-9A-F]{8}$/, 900),
    ...Object.fromEntries(scopes.flatMap((scope) => Object.entries(ofScope(scope)))),
    "messages-failing": () => [
      async () => [
        ...(await emitted(ended(10, "breaks"), NOW - 6 * MINUTE)),
        ...(await emitted(ended(10, "breaks"))),
      ],
      () => emitted(ended(20, "breaks")),
    ],
    "errors-webhooks": () => errors(/^RegistrationsWebhooks[0-9A-F]{8}$/),
    "errors-test-send": () => errors(/^RegistrationsTestSend[0-9A-F]{8}$/),
    "errors-events": () => errors(/^IngestPublish[0-9A-F]{8}$/),
    "errors-deliveries": () => errors(/^ReadApiDeliveries[0-9A-F]{8}$/),
    "errors-undelivered": () => errors(/^RedeliveryUndelivered[0-9A-F]{8}$/),
    "errors-site": () => errors(/^ReadApiSite[0-9A-F]{8}$/),
    "errors-fanout": () => errors(/^IngestFanout[0-9A-F]{8}$/),
    "errors-deliver": () => errors(/^DeliveryDeliver[0-9A-F]{8}$/),
    "errors-redeliver": () => errors(/^RedeliveryRedeliver[0-9A-F]{8}$/),
    "throttled-authorizer": () => throttles(/^RegistrationsAuthorizer[0-9A-F]{8}$/),
    "throttled-events": () => throttles(/^IngestPublish[0-9A-F]{8}$/),
    "throttled-fanout": () => throttles(/^IngestFanout[0-9A-F]{8}$/),
    "throttled-deliver": () => throttles(/^DeliveryDeliver[0-9A-F]{8}$/),
    "throttled-redeliver": () => throttles(/^RedeliveryRedeliver[0-9A-F]{8}$/),
    "api-5xx": () => {
      const answered = (values: number[]) =>
        aws("AWS/ApiGateway 5XXError", { ApiName: /^ApiRest[0-9A-F]{8}$/ }, values);
      return [answered([5]), answered([5, 4])];
    },
    "throttled-reads-api-keys": () => tableThrottles("Read", /^StorageApiKeys/),
    "throttled-reads-webhooks": () => tableThrottles("Read", /^StorageWebhooks/),
    "throttled-writes-webhooks": () => tableThrottles("Write", /^StorageWebhooks/),
    "throttled-reads-deliveries": () => tableThrottles("Read", /^StorageDeliveries/),
    "throttled-writes-deliveries": () => tableThrottles("Write", /^StorageDeliveries/),
    "throttled-reads-undelivered": () => tableThrottles("Read", /^StorageUndelivered/),
    "throttled-writes-undelivered": () => tableThrottles("Write", /^StorageUndelivered/),
    "database-errors-PutItem": () => systemErrors("PutItem"),
    "database-errors-UpdateItem": () => systemErrors("UpdateItem"),
    "database-errors-BatchWriteItem": () => systemErrors("BatchWriteItem"),
    "database-errors-GetItem": () => systemErrors("GetItem"),
    "database-errors-BatchGetItem": () => systemErrors("BatchGetItem"),
    "database-errors-Query": () => systemErrors("Query"),
    "bus-rule-failing": () => [
      aws("AWS/Events FailedInvocations", bus, [1]),
      aws("AWS/Events FailedInvocations", bus, [1, 0]),
    ],
    "schedules-failing": () => [
      onGroup("TargetErrorCount", [1, 1, 1]),
      onGroup("TargetErrorCount", [9, 0, 9]),
    ],
    "schedules-dropped": () => [
      onGroup("InvocationDroppedCount", [1]),
      onGroup("InvocationDroppedCount", [1, 0]),
    ],
  };

  test("each alarm is provoked below: none is added without", () => {
    expect(alarms.map(({ id }) => id).sort()).toEqual(Object.keys(provocations).sort());
  });

  test.each(alarms)(
    "$id is raised by what it is for, and not by what only comes close, nor at night",
    async ({ id, rule }) => {
      for (const [index, data] of (provocations[id]?.() ?? []).entries()) {
        const cloudWatch = createCloudWatch(typeof data === "function" ? await data() : data);
        expect(cloudWatch.stateOf(rule, NOW)).toBe(index === 0 ? "ALARM" : "OK");
      }
      expect(createCloudWatch([]).stateOf(rule, NOW)).toBe("OK");
    },
  );

  test("undelivered-rate is raised where nothing arrives at all", async () => {
    const rule = alarms.find(({ id }) => id === "undelivered-rate-referral")?.rule;
    expect(rule && createCloudWatch(await emitted(ended(100, "fails"))).stateOf(rule, NOW)).toBe("ALARM");
  });

  test("each watches one metric, or a ratio of two that are always written together: none fills in what is missing", () => {
    for (const { id, rule } of alarms) {
      const expressions = rule.queries.flatMap((query) => ("expression" in query ? query.expression : []));
      expect(expressions.join()).not.toContain("FILL");
      expect(rule.queries.length).toBe(id.startsWith("undelivered-rate") ? 3 : 1);
    }
  });

  test("they cost what docs/observability.md says: ten cents for each metric that they watch", () => {
    const watched = alarms.flatMap(({ rule }) => rule.queries.filter((query) => "stat" in query));
    const page = readFileSync(new URL("../../docs/observability.md", import.meta.url), "utf8");
    expect(page).toContain(`${watched.length}, **$${(watched.length / 10).toFixed(2)} a month**`);
  });

  test("each tells the topic, when it is raised and when it is over, and CloudWatch may publish there over TLS alone", () => {
    const [topic] = Object.keys(template.resources).filter(
      (id) => template.resources[id]?.Type === "AWS::SNS::Topic",
    );
    for (const { notifies } of alarms) expect(notifies).toEqual([{ Ref: topic }, { Ref: topic }]);
    const policy = Object.values(template.resources).find(({ Type }) => Type === "AWS::SNS::TopicPolicy");
    expect(policy?.Properties.PolicyDocument).toMatchObject({
      Statement: [
        { Effect: "Deny", Principal: "*", Condition: { Bool: { "aws:SecureTransport": "false" } } },
        { Effect: "Allow", Principal: { Service: "cloudwatch.amazonaws.com" }, Action: "sns:Publish" },
      ],
    });
  });

  test("each names a section of the runbook, which names it and none that is not there, and no section is without an alarm", () => {
    const named = alarms.map(({ id, description }) => {
      const section = sectionOf(description);
      expect(alarmIdsOf(section)).toContain(id);
      return section;
    });
    const all = readAlarms(synthesize(deployedSettings("prod", {}))).map(({ id }) => id);
    expect([...runbookSections.keys()].flatMap(alarmIdsOf).sort()).toEqual(all.sort());
    expect(new Set([...named, "rollback"])).toEqual(new Set(runbookSections.keys()));
    for (const text of runbookSections.values()) {
      for (const part of ["**Means**", "**Look**", "**Do**", "**Do not**"]) expect(text).toContain(part);
    }
  });
});

test("a stage has them when it is prod, when it asks, or when somebody is to be mailed; prod may do without", () => {
  const isWatched = (stage: string, given: Record<string, string>) =>
    readAlarms(synthesize(deployedSettings(stage, given))).some(({ id }) => id === "deliveries-dead-letters");
  expect(isWatched("prod", {})).toBe(true);
  expect(isWatched("dev", { ALARMS: "true" })).toBe(true);
  expect(isWatched("dev", { ALARM_EMAIL: "oncall@example.com" })).toBe(true);
  expect(isWatched("dev", {})).toBe(false);
  expect(isWatched("prod", { ALARMS: "false" })).toBe(false);
});
