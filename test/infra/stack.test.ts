import { App } from "aws-cdk-lib";
import { Match, Template } from "aws-cdk-lib/assertions";
import { beforeAll, describe, expect, test } from "vitest";
import * as z from "zod";
import { FUNCTION_METADATA } from "../../infra/constructs/service-function.ts";
import { deployedSettings, stackName } from "../../infra/settings.ts";
import { WebhooksStack } from "../../infra/stack.ts";
import { routes } from "../../shared/http/routes.ts";

/** Synthesized without bundling: the wiring is under test, not esbuild. */
function synthesize(stage: string, environment: Record<string, string> = {}) {
  const app = new App({ context: { "aws:cdk:bundling-stacks": [] } });
  const settings = deployedSettings(stage, environment);
  return Template.fromStack(new WebhooksStack(app, stackName(settings.stage), settings));
}

const lambda = z.looseObject({
  Metadata: z.looseObject({ [FUNCTION_METADATA]: z.string() }),
  Properties: z.looseObject({
    Timeout: z.number(),
    Role: z.object({ "Fn::GetAtt": z.array(z.string()) }),
    Environment: z.object({ Variables: z.record(z.string(), z.unknown()) }).optional(),
  }),
});
const queue = z.looseObject({ Properties: z.looseObject({ VisibilityTimeout: z.number().optional() }) });
const mapping = z.looseObject({
  Properties: z.looseObject({
    EventSourceArn: z.object({ "Fn::GetAtt": z.tuple([z.string(), z.literal("Arn")]) }),
    FunctionName: z.object({ Ref: z.string() }),
  }),
});
const policy = z.looseObject({
  Properties: z.looseObject({
    Roles: z.array(z.object({ Ref: z.string() })),
    PolicyDocument: z.object({
      Statement: z.array(
        z.looseObject({
          Action: z.union([z.string().transform((action) => [action]), z.array(z.string())]),
          Resource: z.unknown(),
        }),
      ),
    }),
  }),
});

let template: Template;
beforeAll(() => {
  template = synthesize("dev");
});

const functions = () =>
  Object.entries(template.findResources("AWS::Lambda::Function")).map(([id, resource]) => {
    const { Metadata, Properties } = lambda.parse(resource);
    return { id, name: Metadata[FUNCTION_METADATA], properties: Properties };
  });

function statementsOf(name: string) {
  const role = functions().find((candidate) => candidate.name === name)?.properties.Role["Fn::GetAtt"][0];
  return Object.values(template.findResources("AWS::IAM::Policy"))
    .map((resource) => policy.parse(resource).Properties)
    .filter(({ Roles }) => Roles.some(({ Ref }) => Ref === role))
    .flatMap(({ PolicyDocument }) => PolicyDocument.Statement);
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
      const consumer = functions().find(({ id }) => id === FunctionName.Ref);
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
      ["dynamodb:Query", "dynamodb:BatchWriteItem", "dynamodb:UpdateItem", "sqs:SendMessage", ...consume],
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
    expect([...granted].sort()).toEqual([...actions].sort());
  });

  test("no function may do anything to everything", () => {
    for (const { name } of functions()) {
      for (const { Action, Resource } of statementsOf(name)) {
        expect(Resource, name).not.toBe("*");
        expect(Action.join(), name).not.toContain("*");
      }
    }
  });

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
    const statements = Object.values(template.findResources("AWS::IAM::Policy"))
      .map((resource) => policy.parse(resource).Properties)
      .filter(({ Roles }) => Roles.some(({ Ref }) => Ref in roles))
      .flatMap(({ PolicyDocument }) => PolicyDocument.Statement);
    expect(statements.flatMap(({ Action }) => Action)).toEqual(Array(3).fill("sqs:SendMessage"));
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

  test("a production stage keeps its tables, protects them and recovers them to any second; dev does not", () => {
    const production = synthesize("prod");
    production.allResources("AWS::DynamoDB::GlobalTable", { DeletionPolicy: "Retain" });
    const replica = (enabled: boolean) => ({
      Replicas: [
        Match.objectLike({
          DeletionProtectionEnabled: enabled,
          PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: enabled },
        }),
      ],
    });
    production.allResourcesProperties("AWS::DynamoDB::GlobalTable", replica(true));
    template.allResourcesProperties("AWS::DynamoDB::GlobalTable", replica(false));
    template.allResources("AWS::DynamoDB::GlobalTable", { DeletionPolicy: "Delete" });
  });

  test("a production stage keeps its queues too: going back to an older version must not take what they hold", () => {
    synthesize("prod").allResources("AWS::SQS::Queue", { DeletionPolicy: "Retain" });
    template.allResources("AWS::SQS::Queue", { DeletionPolicy: "Delete" });
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

describe("settings", () => {
  test("reach the deliver function", () => {
    const custom = synthesize("dev", {
      RETRY_DELAYS_SECONDS: "1,2",
      SCHEDULE_FROM_SECONDS: "901",
      ENDPOINT_PORTS: "443,9443",
    });
    custom.hasResourceProperties("AWS::Lambda::Function", {
      Environment: {
        Variables: Match.objectLike({
          RETRY_DELAYS_SECONDS: "1,2",
          SCHEDULE_FROM_SECONDS: "901",
          ALLOW_PRIVATE_ENDPOINTS: "false",
          ENDPOINT_PORTS: "443,9443",
        }),
      },
    });
  });

  test("are the same for who registers endpoints, tries them and delivers to them", () => {
    const custom = synthesize("dev", { ENDPOINT_PORTS: "9443" });
    const rules = { ALLOW_PRIVATE_ENDPOINTS: "false", ENDPOINT_PORTS: "9443" };
    const asking = custom.findResources("AWS::Lambda::Function", {
      Properties: { Environment: { Variables: rules } },
    });
    expect(Object.keys(asking)).toHaveLength(3);
  });

  test.each([
    ["RETRY_DELAYS_SECONDS", "5,soon", /RETRY_DELAYS_SECONDS.*comma-separated/],
    ["RETRY_DELAYS_SECONDS", "0", /at least 1 s/],
    ["SCHEDULE_FROM_SECONDS", "x", /SCHEDULE_FROM_SECONDS/],
    ["ALLOW_PRIVATE_ENDPOINTS", "yes", /ALLOW_PRIVATE_ENDPOINTS/],
    ["ENDPOINT_PORTS", "0", /ENDPOINT_PORTS.*ports from 1 to 65535/],
  ])("%s=%s stops the synthesis with a sentence that names it", (name, value, message) => {
    expect(() => deployedSettings("dev", { [name]: value })).toThrow(message);
  });

  test("a stage's name is checked too", () => {
    expect(() => deployedSettings("Prod!", {})).toThrow(/STAGE: must be 1 to 20/);
  });
});
