import { Match, type Template } from "aws-cdk-lib/assertions";
import { beforeAll, describe, expect, test } from "vitest";
import * as z from "zod";
import { functionsOf, synthesize } from "./support/stack.ts";

let dev: Template;
let prod: Template;
beforeAll(() => {
  dev = synthesize("dev");
  prod = synthesize("prod");
});

const idsOf = (template: Template, type: string) => Object.keys(template.findResources(type));

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
      AlarmName: "claimr-webhooks-prod-rollback-deliver",
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
