import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { Match } from "aws-cdk-lib/assertions";
import { describe, expect, test } from "vitest";
import { deployVariables } from "../../infra/settings/variables.ts";
import { deployedSettings, namedStages } from "../../infra/settings.ts";
import { synthesize } from "./support/stack.ts";

const ARN = "arn:aws:acm:eu-west-1:111122223333:certificate/0a1b2c3d";

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

  test("deliveries are stored in one form by all who write them", () => {
    const custom = synthesize("dev", { LEAN_ITEMS: "false" });
    const writers = custom.findResources("AWS::Lambda::Function", {
      Properties: { Environment: { Variables: { LEAN_ITEMS: "false" } } },
    });
    expect(
      Object.keys(writers)
        .map((id) => id.replace(/[0-9A-F]{8}$/, ""))
        .sort(),
    ).toEqual(["DeliveryDeliver", "RedeliveryRedeliver"]);
  });

  test("are all in the guide", () => {
    const guide = readFileSync(new URL("../../docs/deploying.md", import.meta.url), "utf8");
    const missing = Object.keys(deployVariables).filter((name) => !guide.includes(`| \`${name}\` |`));
    expect(missing).toEqual([]);
  });
});

describe("cdk.json", () => {
  const committed = {
    prod: { LOG_RETENTION_DAYS: 90, RETRY_DELAYS_SECONDS: [1, 2], ALARM_EMAIL: "ops@example.com" },
  };

  test("holds what was decided for a stage, in numbers and lists too", () => {
    expect(deployedSettings("prod", {}, committed)).toMatchObject({
      logRetentionDays: 90,
      retryDelaysSeconds: [1, 2],
      alarmEmail: "ops@example.com",
    });
  });

  test("is for the one stage, and comes after the environment", () => {
    expect(deployedSettings("dev", {}, committed).logRetentionDays).toBe(30);
    expect(deployedSettings("prod", { LOG_RETENTION_DAYS: "7" }, committed).logRetentionDays).toBe(7);
    expect(deployedSettings("prod", { LOG_RETENTION_DAYS: "" }, committed).logRetentionDays).toBe(90);
  });

  test.each([
    [{ prod: { LOG_RETENTON_DAYS: 90 } }, /stages\.prod\.LOG_RETENTON_DAYS in cdk\.json is no setting/],
    [{ prod: { toString: "x" } }, /stages\.prod\.toString in cdk\.json is no setting/],
    [{ prod: { LOG_RETENTION_DAYS: { days: 90 } } }, /stages\.prod\.LOG_RETENTION_DAYS .* must be a text/],
    [{ prod: { LOG_RETENTION_DAYS: 31 } }, /^LOG_RETENTION_DAYS: must be a number of days/],
    [{ prod: 90 }, /stages in cdk\.json must hold an object for each stage/],
    ["prod", /stages in cdk\.json must hold an object for each stage/],
  ])("%j is refused", (stages, message) => {
    expect(() => deployedSettings("prod", {}, stages)).toThrow(message);
  });

  test("names the stages that `all` stands for", () => {
    expect(namedStages("all", { dev: {}, prod: {} })).toEqual(["dev", "prod"]);
    expect(namedStages("dev", { prod: {} })).toEqual(["dev"]);
  });
});

describe("a wrong setting stops the synthesis with a sentence that names it", () => {
  test.each<[Record<string, string>, RegExp]>([
    [{ RETRY_DELAYS_SECONDS: "5,soon" }, /RETRY_DELAYS_SECONDS.*comma-separated/],
    [{ RETRY_DELAYS_SECONDS: "0" }, /at least 1 s/],
    [{ SCHEDULE_FROM_SECONDS: "x" }, /SCHEDULE_FROM_SECONDS/],
    [{ ALLOW_PRIVATE_ENDPOINTS: "yes" }, /ALLOW_PRIVATE_ENDPOINTS/],
    [{ ENDPOINT_PORTS: "0" }, /ENDPOINT_PORTS.*ports from 1 to 65535/],
    [{ LOG_RETENTION_DAYS: "31" }, /LOG_RETENTION_DAYS: must be a number of days .* 1, 3, 5, 7/],
    [{ LOG_RETENTION_DAYS: "month" }, /LOG_RETENTION_DAYS: must be a number/],
    [{ ALARM_EMAIL: "ops" }, /ALARM_EMAIL: must be one e-mail address/],
    [{ ALARM_EMAIL: "a@example.com,b@example.com" }, /ALARM_EMAIL: must be one e-mail address/],
    [{ ALARM_EMAIL: "a@example.com", ALARMS: "false" }, /ALARMS: must not be false, as ALARM_EMAIL is set/],
    [{ DOMAIN_NAME: "https://hooks.example.com" }, /DOMAIN_NAME: must be a host name/],
    [{ DOMAIN_NAME: "localhost" }, /DOMAIN_NAME: must be a host name/],
    [{ DOMAIN_NAME: "hooks.example.com" }, /CERTIFICATE_ARN: is missing, as DOMAIN_NAME is set/],
    [{ CERTIFICATE_ARN: ARN }, /DOMAIN_NAME: is missing, as CERTIFICATE_ARN is set/],
    [
      { DOMAIN_NAME: "hooks.example.com", CERTIFICATE_ARN: "arn:aws:iam::1:server-certificate/x" },
      /CERTIFICATE_ARN: must be the ARN of a certificate/,
    ],
    [{ HOSTED_ZONE_ID: "Z0123456789" }, /DOMAIN_NAME: is missing, as HOSTED_ZONE_ID is set/],
    [{ HOSTED_ZONE_ID: "example.com" }, /HOSTED_ZONE_ID: must be the id of a Route 53 hosted zone/],
    [{ STATIC_EGRESS_ZONES: "4" }, /STATIC_EGRESS_ZONES: must be at most 3/],
    [{ STATIC_EGRESS_ZONES: "-1" }, /STATIC_EGRESS_ZONES: must be at least 0/],
    [{ DELIVER_MAX_CONCURRENCY: "1" }, /DELIVER_MAX_CONCURRENCY: must be at least 2/],
    [{ DELIVER_MAX_CONCURRENCY: "1001" }, /DELIVER_MAX_CONCURRENCY: must be at most 1000/],
    [{ SLOW_MAX_CONCURRENCY: "2.5" }, /SLOW_MAX_CONCURRENCY: must be a whole number/],
    [{ DELIVER_RESERVED_CONCURRENCY: "0" }, /DELIVER_RESERVED_CONCURRENCY: must be at least 4/],
    [{ DELIVER_RESERVED_CONCURRENCY: "all" }, /DELIVER_RESERVED_CONCURRENCY: must be .* or none/],
    [{ DELIVER_RESERVED_CONCURRENCY: "500" }, /DELIVER_MAX_CONCURRENCY: is missing/],
    [
      { DELIVER_RESERVED_CONCURRENCY: "99", DELIVER_MAX_CONCURRENCY: "50", SLOW_MAX_CONCURRENCY: "50" },
      /DELIVER_RESERVED_CONCURRENCY: must be at least 100, which is DELIVER_MAX_CONCURRENCY \(50\) and/,
    ],
    [{ GRADUAL_DEPLOYS: "no" }, /GRADUAL_DEPLOYS: must be true or false/],
  ])("%j", (environment, message) => {
    expect(() => deployedSettings("dev", environment)).toThrow(message);
  });

  test("a stage's name", () => {
    expect(() => deployedSettings("Prod!", {})).toThrow(/STAGE: must be 1 to 20/);
  });

  test("and no stack trace", async () => {
    const root = fileURLToPath(new URL("../../", import.meta.url));
    const env = { PATH: "", LOG_RETENTION_DAYS: "31", STATIC_EGRESS_ZONES: "9" };
    const output = await new Promise((resolve) => {
      execFile(process.execPath, ["infra/app.ts"], { cwd: root, env }, (error, stdout, stderr) =>
        resolve({ code: error?.code, stdout, stderr }),
      );
    });
    expect(output).toEqual({
      code: 1,
      stdout: "",
      stderr: expect.stringMatching(
        /^Cannot synthesize: LOG_RETENTION_DAYS: must be [^\n]+; STATIC_EGRESS_ZONES: must be at most 3\n$/,
      ),
    });
  });
});
