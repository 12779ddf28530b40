import { Match, type Template } from "aws-cdk-lib/assertions";
import { beforeAll, describe, expect, test } from "vitest";
import * as z from "zod";
import { routes } from "../../shared/http/routes.ts";
import {
  functionsOf,
  statementsOf as statementsOfFunction,
  statementsOfRole,
  synthesize,
} from "./support/stack.ts";

const queue = z.looseObject({ Properties: z.looseObject({ VisibilityTimeout: z.number().optional() }) });
const alias = z.looseObject({
  Properties: z.looseObject({ FunctionName: z.object({ Ref: z.string() }), Name: z.string() }),
});
const mapping = z.looseObject({
  Properties: z.looseObject({
    EventSourceArn: z.object({ "Fn::GetAtt": z.tuple([z.string(), z.literal("Arn")]) }),
    FunctionName: z.unknown(),
  }),
});

let template: Template;
beforeAll(() => {
  template = synthesize("dev");
});

const functions = () => functionsOf(template);
const fedByQueues = ["deliver", "fanout", "redeliver"];
const statementsOf = (name: string) => statementsOfFunction(template, name);

/** The function behind the alias that something refers to, at whatever depth. */
function functionCalledBy(reference: unknown) {
  const text = JSON.stringify(reference);
  const aliases = Object.entries(template.findResources("AWS::Lambda::Alias"));
  const called = aliases.filter(([id]) => text.includes(`{"Ref":"${id}"}`));
  expect(called, text).toHaveLength(1);
  const { FunctionName, Name } = alias.parse(called[0]?.[1]).Properties;
  expect(Name).toBe("live");
  return functions().find(({ id }) => id === FunctionName.Ref);
}

describe("what an incident would be made of: queues", () => {
  test("every work queue hands a message to their dead-letter queue after five receives", () => {
    const redriving = template.findResources("AWS::SQS::Queue", {
      Properties: { RedrivePolicy: { maxReceiveCount: 5, deadLetterTargetArn: Match.anyValue() } },
    });
    expect(Object.keys(redriving)).toHaveLength(4);
    template.resourceCountIs("AWS::SQS::Queue", 7);
  });

  test("every queue keeps messages for 14 days, encrypted, and refuses plain HTTP", () => {
    template.allResourcesProperties("AWS::SQS::Queue", {
      SqsManagedSseEnabled: true,
      MessageRetentionPeriod: 1_209_600,
    });
    const denied = template.findResources("AWS::SQS::QueuePolicy", {
      Properties: {
        PolicyDocument: {
          Statement: Match.arrayWith([
            Match.objectLike({ Effect: "Deny", Condition: { Bool: { "aws:SecureTransport": "false" } } }),
          ]),
        },
      },
    });
    expect(Object.keys(denied)).toHaveLength(7);
  });

  test("every consumer answers for single messages, and its queue hides them for six times its timeout", () => {
    template.allResourcesProperties("AWS::Lambda::EventSourceMapping", {
      FunctionResponseTypes: ["ReportBatchItemFailures"],
    });
    const mappings = Object.values(template.findResources("AWS::Lambda::EventSourceMapping"));
    expect(mappings).toHaveLength(4);
    for (const resource of mappings) {
      const { EventSourceArn, FunctionName } = mapping.parse(resource).Properties;
      const source = template.findResources("AWS::SQS::Queue")[EventSourceArn["Fn::GetAtt"][0]];
      const consumer = functionCalledBy(FunctionName);
      expect(queue.parse(source).Properties.VisibilityTimeout).toBeGreaterThanOrEqual(
        6 * (consumer?.properties.Timeout ?? Number.POSITIVE_INFINITY),
      );
    }
  });
});

test("waiting for slow endpoints has a bounded share of the concurrency, and all else has what is left", () => {
  const limited = template.findResources("AWS::Lambda::EventSourceMapping", {
    Properties: {
      ScalingConfig: { MaximumConcurrency: 100 },
      BatchSize: 100,
      MaximumBatchingWindowInSeconds: 1,
    },
  });
  const sources = Object.values(limited).map(
    (resource) => mapping.parse(resource).Properties.EventSourceArn["Fn::GetAtt"][0],
  );
  expect(sources).toEqual([expect.stringContaining("SlowDeliveries")]);
});

test("the functions that feed themselves are not stopped by Lambda for it, and no other may", () => {
  const allowed = functionsOf(template).filter(({ properties }) => properties.RecursiveLoop === "Allow");
  expect(allowed.map(({ name }) => name).sort()).toEqual(fedByQueues);
});

test("what the API calls is traced and reported on by Lambda; what queues feed is reported on when it fails", () => {
  for (const { name, properties } of functions()) {
    const isFed = fedByQueues.includes(name);
    expect([name, properties.TracingConfig?.Mode]).toEqual([name, isFed ? undefined : "Active"]);
    expect([name, properties.LoggingConfig?.SystemLogLevel]).toEqual([name, isFed ? "WARN" : undefined]);
  }
});

test("the functions that call endpoints look up more names at a time than a batch has", () => {
  const pools = functions().flatMap(({ name, properties }) => {
    const size = properties.Environment?.Variables.UV_THREADPOOL_SIZE;
    return size === undefined ? [] : [[name, size]];
  });
  expect(pools.sort()).toEqual([
    ["deliver", "32"],
    ["test-send", "32"],
  ]);
});

describe("what an incident would be made of: permissions", () => {
  const consume = [
    "sqs:ReceiveMessage",
    "sqs:ChangeMessageVisibility",
    "sqs:GetQueueUrl",
    "sqs:DeleteMessage",
    "sqs:GetQueueAttributes",
  ];

  /** What tells of it: its own log group, and of what the API calls traces, which are no resources. */
  const traces = ["xray:PutTelemetryRecords", "xray:PutTraceSegments"];
  const logs = ["logs:CreateLogStream", "logs:PutLogEvents"];

  test.each<[string, string[]]>([
    ["authorizer", ["dynamodb:GetItem", "dynamodb:UpdateItem"]],
    [
      "webhooks",
      ["DeleteItem", "GetItem", "PutItem", "Query", "UpdateItem"].map((action) => `dynamodb:${action}`),
    ],
    ["test-send", ["dynamodb:GetItem"]],
    ["events", ["sqs:SendMessage", "dynamodb:UpdateItem", "dynamodb:BatchGetItem"]],
    [
      "fanout",
      [
        ...["Query", "BatchGetItem", "BatchWriteItem", "UpdateItem"].map((action) => `dynamodb:${action}`),
        ...["sqs:SendMessage", ...consume],
      ],
    ],
    [
      "deliver",
      [
        ...["BatchGetItem", "UpdateItem", "BatchWriteItem", "PutItem"].map((action) => `dynamodb:${action}`),
        "sqs:SendMessage",
        "scheduler:CreateSchedule",
        "iam:PassRole",
        ...consume,
      ],
    ],
    ["deliveries", ["dynamodb:Query", "dynamodb:GetItem", "dynamodb:BatchGetItem"]],
    [
      "undelivered",
      [
        ...["Query", "GetItem", "PutItem", "UpdateItem", "DeleteItem"].map((action) => `dynamodb:${action}`),
        "sqs:SendMessage",
      ],
    ],
    [
      "redeliver",
      [
        ...["Query", "GetItem", "PutItem", "DeleteItem"].map((action) => `dynamodb:${action}`),
        "sqs:SendMessage",
        ...consume,
      ],
    ],
    ["site", []],
  ])("%s may do exactly what it does", (name, actions) => {
    const granted = new Set(statementsOf(name).flatMap(({ Action }) => Action));
    const itself = fedByQueues.includes(name) ? logs : [...logs, ...traces];
    expect([...granted].sort()).toEqual([...actions, ...itself].sort());
  });

  test("no function may do anything to everything, but trace", () => {
    for (const { name } of functions()) {
      for (const { Action, Resource } of statementsOf(name)) {
        if (Action.every((action) => traces.includes(action))) continue;
        expect(Resource, name).not.toBe("*");
        expect(Action.join(), name).not.toContain("*");
      }
    }
  });

  test.each(["webhooks", "deliver"])(
    "%s, which writes to webhooks, may write down for others that it has",
    (name) => {
      const updates = statementsOf(name).filter(({ Action }) => Action.includes("dynamodb:UpdateItem"));
      const tables = updates.map(({ Resource }) => JSON.stringify(Resource)).join();
      expect(tables).toContain("StorageWebhooks");
      expect(tables).toContain("StorageDeliveries");
    },
  );

  test("deliver may hand its one role to EventBridge Scheduler only", () => {
    const pass = statementsOf("deliver").find(({ Action }) => Action.includes("iam:PassRole"));
    expect(pass).toMatchObject({
      Condition: { StringEquals: { "iam:PassedToService": "scheduler.amazonaws.com" } },
    });
  });

  test("the Scheduler's role is for schedules of our group only, and may only send to the three delivery queues", () => {
    const roles = template.findResources("AWS::IAM::Role", {
      Properties: {
        AssumeRolePolicyDocument: {
          Statement: [
            {
              Principal: { Service: "scheduler.amazonaws.com" },
              Condition: {
                StringEquals: {
                  "aws:SourceArn": Match.anyValue(),
                  "aws:SourceAccount": { Ref: "AWS::AccountId" },
                },
              },
            },
          ],
        },
      },
    });
    expect(Object.keys(roles)).toHaveLength(1);
    const statements = statementsOfRole(template, Object.keys(roles)[0]);
    const to = statements.flatMap(({ Resource }) => Resource);
    expect(new Set(statements.flatMap(({ Action }) => Action))).toEqual(new Set(["sqs:SendMessage"]));
    expect(to).toHaveLength(3);
  });

  test("no function finds a secret in its environment", () => {
    for (const { properties } of functions()) {
      expect(Object.keys(properties.Environment?.Variables ?? {}).join()).not.toMatch(
        /SECRET|PASSWORD|TOKEN/,
      );
    }
  });
});

describe("what an incident would be made of: data", () => {
  test("the deliveries table forgets by expires_at, and no table has an index", () => {
    template.resourceCountIs("AWS::DynamoDB::GlobalTable", 4);
    template.hasResourceProperties("AWS::DynamoDB::GlobalTable", {
      KeySchema: [
        { AttributeName: "pk", KeyType: "HASH" },
        { AttributeName: "sk", KeyType: "RANGE" },
      ],
      TimeToLiveSpecification: { AttributeName: "expires_at", Enabled: true },
    });
    template.allResourcesProperties("AWS::DynamoDB::GlobalTable", {
      BillingMode: "PAY_PER_REQUEST",
      GlobalSecondaryIndexes: Match.absent(),
      LocalSecondaryIndexes: Match.absent(),
    });
  });

  test("functions run the newest Node on arm64 and log JSON that is kept for a month", () => {
    template.allResourcesProperties("AWS::Lambda::Function", {
      Runtime: "nodejs24.x",
      Architectures: ["arm64"],
      LoggingConfig: { LogFormat: "JSON", LogGroup: Match.anyValue() },
    });
    template.allResourcesProperties("AWS::Logs::LogGroup", { RetentionInDays: 30 });
  });
});

describe("the API", () => {
  test("every route that is not open needs the authorizer, whose answers are not cached", () => {
    const methods = template.findResources("AWS::ApiGateway::Method");
    expect(Object.keys(methods)).toHaveLength(routes.length);
    const open = template.findResources("AWS::ApiGateway::Method", {
      Properties: { AuthorizationType: "NONE" },
    });
    expect(Object.keys(open)).toHaveLength(routes.filter(({ access }) => access === "open").length);
    template.hasResourceProperties("AWS::ApiGateway::Authorizer", {
      Type: "TOKEN",
      AuthorizerResultTtlInSeconds: 0,
    });
  });

  test("its stage leads to the aliases only once it may call each of them", () => {
    const permissions = Object.entries(template.findResources("AWS::Lambda::Permission"));
    const stage = Object.values(template.findResources("AWS::ApiGateway::Stage"))[0];
    const called = permissions.filter(([, { Properties }]) =>
      JSON.stringify(Properties.SourceArn).includes("execute-api"),
    );
    expect(called.length).toBeGreaterThan(6);
    for (const [id, { Properties }] of called) {
      expect(JSON.stringify(Properties.SourceArn)).not.toContain("DeploymentStage");
      expect(stage?.DependsOn).toContain(id);
    }
  });

  test("bodies reach the functions as bytes", () => {
    template.hasResourceProperties("AWS::ApiGateway::RestApi", { BinaryMediaTypes: ["*/*"] });
  });

  test("whatever is on the bus reaches the events queue, or its dead-letter queue", () => {
    template.hasResourceProperties("AWS::Events::Rule", {
      EventPattern: { version: ["0"] },
      Targets: [
        {
          Id: Match.anyValue(),
          Arn: { "Fn::GetAtt": [Match.stringLikeRegexp("^IngestEventsQueue"), "Arn"] },
          DeadLetterConfig: {
            Arn: { "Fn::GetAtt": [Match.stringLikeRegexp("^IngestEventsDeadLetters"), "Arn"] },
          },
        },
      ],
    });
  });
});
