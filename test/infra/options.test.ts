import { Match, type Template } from "aws-cdk-lib/assertions";
import { beforeAll, describe, expect, test } from "vitest";
import * as z from "zod";
import { functionsOf, statementsOf, synthesize } from "./support/stack.ts";

let dev: Template;
let prod: Template;
beforeAll(() => {
  dev = synthesize("dev");
  prod = synthesize("prod");
});

const idsOf = (template: Template, type: string) => Object.keys(template.findResources(type));

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
