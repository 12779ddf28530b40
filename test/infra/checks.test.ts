import type { App } from "aws-cdk-lib";
import { CfnQueue, Queue } from "aws-cdk-lib/aws-sqs";
import { describe, expect, test } from "vitest";
import { addChecks, ruleSets } from "../../infra/checks.ts";
import { deployedSettings } from "../../infra/settings.ts";
import { newApp, stackOf } from "./support/stack.ts";

/** Every resource that a setting can add. */
const EVERYTHING = {
  STATIC_EGRESS_ZONES: "3",
  ALARM_EMAIL: "ops@example.com",
  DOMAIN_NAME: "hooks.example.com",
  CERTIFICATE_ARN: "arn:aws:acm:eu-west-1:111122223333:certificate/0a1b2c3d",
  HOSTED_ZONE_ID: "Z0123456789",
};
const stages: [string, Record<string, string>][] = [
  ["dev", {}],
  ["prod", {}],
  ["prod", EVERYTHING],
];

const findingsOf = (app: App) =>
  ruleSets(app).flatMap((rules) =>
    rules
      .validateScope(app)
      .violations.flatMap(({ ruleName, violatingResources }) =>
        violatingResources.map(({ constructPath }) => `${ruleName} ${constructPath}`),
      ),
  );

describe("cdk-nag", () => {
  test.each(stages)("finds nothing in stage %s with %j that is not acknowledged", (stage, environment) => {
    const app = newApp();
    stackOf(app, deployedSettings(stage, environment));
    expect(findingsOf(app)).toEqual([]);
  });

  test("finds a queue without TLS and dead-letter queue", () => {
    const app = newApp();
    new Queue(stackOf(app, deployedSettings("dev", {})), "Careless");
    expect(findingsOf(app)).toEqual([
      "AwsSolutions-SQS3 claimr-webhooks-dev/Careless/Resource",
      "AwsSolutions-SQS4 claimr-webhooks-dev/Careless/Resource",
      "Serverless-SQSRedrivePolicy claimr-webhooks-dev/Careless/Resource",
    ]);
  });
});

describe("synthesis", () => {
  test("passes for every stage", () => {
    const app = newApp();
    addChecks(app);
    stackOf(app, deployedSettings("dev", {}));
    stackOf(app, deployedSettings("prod", EVERYTHING));
    expect(() => app.synth()).not.toThrow();
  });

  test("fails for a template that CloudFormation would refuse", () => {
    const app = newApp();
    new CfnQueue(stackOf(app, deployedSettings("dev", {})), "Late", { delaySeconds: 901 });
    expect(() => app.synth()).toThrow(/ERROR DelaySeconds: 901 is greater than the maximum of 900/);
  });

  test("fails for a finding of cdk-nag", () => {
    const app = newApp({ "@aws-cdk/core:validateAgainstDefaultRules": false });
    addChecks(app);
    new Queue(stackOf(app, deployedSettings("dev", {})), "Careless");
    expect(() => app.synth()).toThrow(/ERROR The SQS queue does not require requests to use SSL/);
  });
});
