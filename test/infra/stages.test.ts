import { Match, type Template } from "aws-cdk-lib/assertions";
import { beforeAll, describe, expect, test } from "vitest";
import * as z from "zod";
import { deployedSettings } from "../../infra/settings.ts";
import { functionsOf, newApp, stackOf, statementsOf, statementsOfRole, synthesize } from "./support/stack.ts";

let dev: Template;
let prod: Template;
beforeAll(() => {
  dev = synthesize("dev");
  prod = synthesize("prod");
});

const idsOf = (template: Template, type: string) => Object.keys(template.findResources(type));
const idOf = (template: Template, type: string) => {
  const [id, ...others] = idsOf(template, type);
  expect(others).toEqual([]);
  return id;
};

describe("a production stage", () => {
  test("keeps its tables, protects them and recovers them to any second; dev does not", () => {
    const replica = (enabled: boolean) => ({
      Replicas: [
        Match.objectLike({
          DeletionProtectionEnabled: enabled,
          PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: enabled },
        }),
      ],
    });
    prod.allResources("AWS::DynamoDB::GlobalTable", { DeletionPolicy: "Retain" });
    prod.allResourcesProperties("AWS::DynamoDB::GlobalTable", replica(true));
    dev.allResources("AWS::DynamoDB::GlobalTable", { DeletionPolicy: "Delete" });
    dev.allResourcesProperties("AWS::DynamoDB::GlobalTable", replica(false));
  });

  test.each(["AWS::SQS::Queue", "AWS::Logs::LogGroup"])(
    "keeps every %s when it goes; dev does not",
    (type) => {
      prod.allResources(type, { DeletionPolicy: "Retain" });
      dev.allResources(type, { DeletionPolicy: "Delete" });
    },
  );

  test("has its alarms; dev has them when it is told to, or whom to write to", () => {
    const isWatched = (template: Template) =>
      [/-deliveries-dead-letters$/, /-retry-lateness-referral$/].every((name) =>
        Object.values(template.findResources("AWS::CloudWatch::Alarm")).some(({ Properties }) =>
          name.test(Properties.AlarmName),
        ),
      );
    expect([isWatched(prod), isWatched(dev)]).toEqual([true, false]);
    expect(isWatched(synthesize("dev", { ALARMS: "true" }))).toBe(true);
    expect(isWatched(synthesize("prod", { ALARMS: "false" }))).toBe(false);
    const told = synthesize("dev", { ALARM_EMAIL: "ops@example.com" });
    expect(isWatched(told)).toBe(true);
    told.hasResourceProperties("AWS::SNS::Subscription", { Protocol: "email", Endpoint: "ops@example.com" });
  });

  test("cannot be deleted by one command; dev can", () => {
    const protectedFrom = (stage: string) =>
      stackOf(newApp(), deployedSettings(stage, {})).terminationProtection;
    expect([protectedFrom("prod"), protectedFrom("dev")]).toEqual([true, false]);
  });
});

describe("the key of a production stage", () => {
  const key = () => ({ "Fn::GetAtt": [idOf(prod, "AWS::KMS::Key"), "Arn"] });

  test("is rotated, kept, and has a name", () => {
    prod.hasResource("AWS::KMS::Key", {
      Properties: { EnableKeyRotation: true },
      DeletionPolicy: "Retain",
      UpdateReplacePolicy: "Retain",
    });
    prod.hasResourceProperties("AWS::KMS::Alias", { AliasName: "alias/claimr-webhooks-prod" });
    dev.resourceCountIs("AWS::KMS::Key", 0);
  });

  test("encrypts every table and every queue, which asks KMS once a day", () => {
    prod.allResourcesProperties("AWS::DynamoDB::GlobalTable", {
      SSESpecification: { SSEEnabled: true, SSEType: "KMS" },
      Replicas: [Match.objectLike({ SSESpecification: { KMSMasterKeyId: key() } })],
    });
    prod.allResourcesProperties("AWS::SQS::Queue", {
      KmsMasterKeyId: key(),
      KmsDataKeyReusePeriodSeconds: 86_400,
    });
  });

  /** The service that `role` may use the key through, with what for. */
  const usesOf = (statements: ReturnType<typeof statementsOfRole>) =>
    statements
      .filter(({ Resource }) => JSON.stringify(Resource) === JSON.stringify(key()))
      .map(({ Action, Condition }) => [/"(\w+)\."/.exec(JSON.stringify(Condition))?.[1], Action]);

  test("may be used by each function for what it touches, through that service only", () => {
    const tables = ["Decrypt", "DescribeKey", "Encrypt", "GenerateDataKey", "ReEncryptFrom", "ReEncryptTo"];
    const both = [
      ["dynamodb", tables.map((action) => `kms:${action}`)],
      ["sqs", ["kms:Decrypt", "kms:GenerateDataKey"]],
    ];
    for (const { name } of functionsOf(prod)) {
      const statements = statementsOf(prod, name);
      const touched = new Set(
        statements.flatMap(({ Action }) => Action.map((action) => action.split(":")[0])),
      );
      const wanted = both.filter(([service]) => touched.has(String(service)));
      expect(usesOf(statements), name).toEqual(wanted);
    }
  });

  test("may be used by EventBridge Scheduler's role to send", () => {
    const roles = idsOf(prod, "AWS::IAM::Role").filter((id) => id.startsWith("DeliveryRetrySchedules"));
    expect(usesOf(statementsOfRole(prod, roles[0]))).toEqual([
      ["sqs", ["kms:Decrypt", "kms:GenerateDataKey"]],
    ]);
  });

  test("may be used by EventBridge for rules of this account, and by nobody else by name", () => {
    prod.hasResourceProperties("AWS::KMS::Key", {
      KeyPolicy: {
        Statement: [
          { Principal: { AWS: Match.anyValue() }, Action: "kms:*" },
          {
            Principal: { Service: "events.amazonaws.com" },
            Action: Match.arrayWith(["kms:Decrypt", "kms:GenerateDataKey*"]),
            Condition: { StringEquals: { "aws:SourceAccount": { Ref: "AWS::AccountId" } } },
          },
        ],
      },
    });
  });

  test("may be used before anything is encrypted with it, so that an upgrade locks nobody out", () => {
    const policies = idsOf(prod, "AWS::IAM::Policy").filter((id) => id.startsWith("DataKey"));
    expect(policies).toHaveLength(2);
    for (const type of ["AWS::DynamoDB::GlobalTable", "AWS::SQS::Queue"])
      prod.allResources(type, { DependsOn: policies.sort() });
  });
});

test("dev has nothing that an emulator lacks or that costs by the hour", () => {
  const { Resources } = z
    .object({ Resources: z.record(z.string(), z.object({ Type: z.string() })) })
    .parse(dev.toJSON());
  const types = Object.values(Resources).map(({ Type }) => Type);
  expect(types.filter((type) => /CodeDeploy|EC2|KMS|Route53/.test(type))).toEqual([]);
});
