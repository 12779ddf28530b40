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

describe("versions", () => {
  const alias = z.looseObject({
    Properties: z.looseObject({ FunctionVersion: z.object({ "Fn::GetAtt": z.array(z.string()) }) }),
    UpdatePolicy: z.unknown().optional(),
  });
  const versionsOf = (template: Template) =>
    Object.values(template.findResources("AWS::Lambda::Alias"))
      .map((resource) => alias.parse(resource).Properties.FunctionVersion["Fn::GetAtt"][0])
      .sort();

  test("of every function are in service by an alias", () => {
    for (const template of [dev, prod])
      expect(idsOf(template, "AWS::Lambda::Alias")).toHaveLength(functionsOf(template).length);
  });

  test("stay as they are when nothing has changed", () => {
    for (const stage of ["dev", "prod"])
      expect(synthesize(stage).toJSON()).toEqual(synthesize(stage).toJSON());
  });

  test("are new for the functions that a setting is for", () => {
    const changed = versionsOf(synthesize("dev", { RETRY_DELAYS_SECONDS: "1,2" }));
    const fresh = changed.filter((id) => !versionsOf(dev).includes(id));
    expect(fresh).toEqual([expect.stringContaining("DeliveryDeliver")]);
  });

  test("take over bit by bit in production, watched by an alarm; at once elsewhere", () => {
    const groups = prod.findResources("AWS::CodeDeploy::DeploymentGroup", {
      Properties: {
        DeploymentConfigName: "CodeDeployDefault.LambdaCanary10Percent5Minutes",
        AutoRollbackConfiguration: { Enabled: true, Events: Match.arrayWith(["DEPLOYMENT_STOP_ON_ALARM"]) },
        AlarmConfiguration: { Enabled: true, Alarms: [{ Name: { Ref: Match.anyValue() } }] },
      },
    });
    const shifted = prod.findResources("AWS::Lambda::Alias", {
      UpdatePolicy: { CodeDeployLambdaAliasUpdate: { DeploymentGroupName: { Ref: Match.anyValue() } } },
    });
    expect(Object.keys(groups)).toHaveLength(functionsOf(prod).length);
    expect(Object.keys(shifted)).toHaveLength(functionsOf(prod).length);
    dev.allResources("AWS::Lambda::Alias", { UpdatePolicy: Match.absent() });
  });

  test("go back for crashes of the alias and for lines of level ERROR alike", () => {
    const dimensions = [
      { Name: "FunctionName", Value: Match.anyValue() },
      Match.objectLike({ Name: "Resource" }),
    ];
    prod.hasResourceProperties("AWS::CloudWatch::Alarm", {
      AlarmDescription: Match.stringLikeRegexp("^Deliver fails"),
      TreatMissingData: "notBreaching",
      Metrics: Match.arrayWith([
        Match.objectLike({ MetricStat: { Metric: { MetricName: "Errors", Dimensions: dimensions } } }),
        Match.objectLike({ MetricStat: { Metric: { MetricName: "DeliverErrorLines" } } }),
      ]),
    });
    prod.hasResourceProperties("AWS::Logs::MetricFilter", {
      FilterPattern: '{ $.level = "ERROR" }',
      MetricTransformations: [{ MetricName: "DeliverErrorLines", MetricNamespace: "claimr-webhooks-prod" }],
    });
  });

  test("take over at once when asked to, as for a mend while the alarm is on", () => {
    const atOnce = synthesize("prod", { GRADUAL_DEPLOYS: "false" });
    atOnce.resourceCountIs("AWS::CodeDeploy::DeploymentGroup", 0);
    atOnce.allResources("AWS::Lambda::Alias", { UpdatePolicy: Match.absent() });
  });
});

test("dev has nothing that an emulator lacks or that costs by the hour", () => {
  const { Resources } = z
    .object({ Resources: z.record(z.string(), z.object({ Type: z.string() })) })
    .parse(dev.toJSON());
  const types = Object.values(Resources).map(({ Type }) => Type);
  expect(types.filter((type) => /CodeDeploy|EC2|KMS|Route53/.test(type))).toEqual([]);
});

describe("concurrency", () => {
  const reservedOf = (template: Template) =>
    functionsOf(template).flatMap(({ name, properties: { ReservedConcurrentExecutions: reserved } }) =>
      reserved === undefined ? [] : [[name, reserved]],
    );
  const lane = (name: string, maximum: unknown) => ({
    EventSourceArn: { "Fn::GetAtt": [Match.stringLikeRegexp(`^Delivery${name}Queue`), "Arn"] },
    ScalingConfig: maximum,
  });

  test("of deliver is bounded and kept in production; a fresh account can deploy dev", () => {
    expect(reservedOf(prod)).toEqual([["deliver", 500]]);
    prod.hasResourceProperties(
      "AWS::Lambda::EventSourceMapping",
      lane("Deliveries", { MaximumConcurrency: 400 }),
    );
    prod.hasResourceProperties(
      "AWS::Lambda::EventSourceMapping",
      lane("SlowDeliveries", { MaximumConcurrency: 100 }),
    );
    expect(reservedOf(dev)).toEqual([]);
    dev.hasResourceProperties("AWS::Lambda::EventSourceMapping", lane("Deliveries", Match.absent()));
    dev.hasResourceProperties(
      "AWS::Lambda::EventSourceMapping",
      lane("SlowDeliveries", { MaximumConcurrency: 100 }),
    );
  });

  test("that is kept grows with the lanes, and can be left out", () => {
    const lanes = { DELIVER_MAX_CONCURRENCY: "20", SLOW_MAX_CONCURRENCY: "5" };
    expect(reservedOf(synthesize("prod", lanes))).toEqual([["deliver", 25]]);
    expect(reservedOf(synthesize("prod", { ...lanes, DELIVER_RESERVED_CONCURRENCY: "30" }))).toEqual([
      ["deliver", 30],
    ]);
    expect(reservedOf(synthesize("prod", { DELIVER_RESERVED_CONCURRENCY: "none" }))).toEqual([]);
  });
});

describe("fixed addresses", () => {
  test("are one for each zone, kept in production, and told", () => {
    const fixed = synthesize("prod", { STATIC_EGRESS_ZONES: "3" });
    fixed.resourceCountIs("AWS::EC2::NatGateway", 3);
    fixed.resourceCountIs("AWS::EC2::EIP", 3);
    fixed.allResources("AWS::EC2::EIP", { DeletionPolicy: "Retain" });
    const refs = idsOf(fixed, "AWS::EC2::EIP").map((Ref) => ({ Ref }));
    fixed.hasOutput("EgressAddresses", { Value: { "Fn::Join": ["", Match.arrayWith(refs)] } });
    expect(Object.keys(prod.findOutputs("EgressAddresses"))).toEqual([]);
    prod.resourceCountIs("AWS::EC2::VPC", 0);
  });

  test("are for the two functions that call endpoints, which reach endpoints' ports and nothing else", () => {
    const fixed = synthesize("dev", { STATIC_EGRESS_ZONES: "1", ENDPOINT_PORTS: "443,8443" });
    const inside = functionsOf(fixed).filter(({ properties }) => properties.VpcConfig !== undefined);
    expect(inside.map(({ name }) => name).sort()).toEqual(["deliver", "test-send"]);
    fixed.hasResourceProperties("AWS::EC2::SecurityGroup", {
      SecurityGroupIngress: Match.absent(),
      SecurityGroupEgress: [
        Match.objectLike({ CidrIp: "0.0.0.0/0", IpProtocol: "tcp", FromPort: 443, ToPort: 443 }),
        Match.objectLike({ CidrIp: "0.0.0.0/0", IpProtocol: "tcp", FromPort: 8443, ToPort: 8443 }),
      ],
    });
    fixed.hasResourceProperties("AWS::EC2::VPCEndpoint", { VpcEndpointType: "Gateway" });
  });

  test("give code no way to attach itself to a network", () => {
    const fixed = synthesize("dev", { STATIC_EGRESS_ZONES: "1" });
    const denied = statementsOf(fixed, "deliver").filter(({ Effect }) => Effect === "Deny");
    expect(denied).toMatchObject([
      {
        Action: expect.arrayContaining(["ec2:CreateNetworkInterface"]),
        Condition: { Null: { "lambda:SourceFunctionArn": "false" } },
      },
    ]);
  });
});

describe("the API's own name", () => {
  const domain = {
    DOMAIN_NAME: "hooks.example.com",
    CERTIFICATE_ARN: "arn:aws:acm:eu-west-1:111122223333:certificate/0a1b2c3d",
  };

  test("is where people are sent, over TLS 1.2 or newer", () => {
    const named = synthesize("dev", domain);
    named.hasResourceProperties("AWS::ApiGateway::DomainName", {
      DomainName: "hooks.example.com",
      RegionalCertificateArn: domain.CERTIFICATE_ARN,
      SecurityPolicy: "TLS_1_2",
    });
    named.hasOutput("ApiUrl", { Value: "https://hooks.example.com/" });
    named.hasOutput("DomainTarget", { Value: { "Fn::GetAtt": [Match.anyValue(), "RegionalDomainName"] } });
    named.resourceCountIs("AWS::Route53::RecordSet", 0);
    dev.resourceCountIs("AWS::ApiGateway::DomainName", 0);
  });

  test("gets its record when the zone is ours", () => {
    synthesize("dev", { ...domain, HOSTED_ZONE_ID: "Z0123456789" }).hasResourceProperties(
      "AWS::Route53::RecordSet",
      { HostedZoneId: "Z0123456789", Name: "hooks.example.com", Type: "A", AliasTarget: Match.anyValue() },
    );
  });
});

test("the API logs each request without its query, its body or its key", () => {
  const stage = z.looseObject({
    Properties: z.looseObject({ AccessLogSetting: z.looseObject({ Format: z.string() }) }),
  });
  const { Format } = stage.parse(Object.values(dev.findResources("AWS::ApiGateway::Stage"))[0]).Properties
    .AccessLogSetting;
  const fields = z.record(z.string(), z.string()).parse(JSON.parse(Format));
  expect(fields).toMatchObject({ request_id: "$context.requestId", route: "$context.resourcePath" });
  // Neither the path with its ids and query string, nor any header.
  expect(Object.values(fields).join()).not.toMatch(
    /\$context\.path|input|header|authorizationToken|requestOverride/i,
  );
});

test("what people need next is printed: the address, the first key, the dashboard", () => {
  prod.hasOutput("FirstKey", {
    Value: { "Fn::Join": ["", Match.arrayWith([Match.stringLikeRegexp("keys -- create --stage prod")])] },
  });
  prod.hasOutput("Dashboard", {
    Value: { "Fn::Join": ["", Match.arrayWith([Match.stringLikeRegexp("dashboard/claimr-webhooks-prod$")])] },
  });
  prod.hasOutput("WebhooksTable", {});
  // CDK's own copy of the address.
  expect(Object.keys(prod.findOutputs("*")).filter((name) => name.includes("Endpoint"))).toEqual([]);
});
