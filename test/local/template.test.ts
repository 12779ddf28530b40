import { describe, expect, test } from "vitest";
import { localSettings } from "../../infra/local/settings.ts";
import { resolver } from "../../infra/local/template/intrinsics.ts";
import { synthesize, type Template } from "../../infra/local/template/synthesize.ts";
import { readWiring } from "../../infra/local/template/wiring.ts";
import { routes } from "../../shared/http/routes.ts";

const SQS_URL = "http://127.0.0.1:4100";
const wiring = readWiring(synthesize(localSettings({ RETRY_DELAYS_SECONDS: "1,2" }).stack), SQS_URL);

const functionNamed = (name: string) => wiring.functions.find((lambda) => lambda.name === name);

describe("wiring from the stack's own template", () => {
  test("gives every function an environment of plain values", () => {
    for (const { name, environment } of wiring.functions) {
      for (const [variable, value] of Object.entries(environment)) {
        expect(value, `${variable} of ${name}`).toMatch(/^[^{}$]+$/);
      }
    }
  });

  test("hands the settings on", () => {
    expect(functionNamed("deliver")?.environment).toMatchObject({
      RETRY_DELAYS_SECONDS: "1,2",
      ALLOW_PRIVATE_ENDPOINTS: "true",
    });
  });

  test("gives queues a literal loopback URL that names them", () => {
    const { EVENTS_QUEUE_URL } = functionNamed("events")?.environment ?? {};
    const { name, url } = wiring.queues.IngestEventsQueue ?? {};
    expect(EVENTS_QUEUE_URL).toBe(url);
    expect(url).toBe(`${SQS_URL}/000000000000/${name}`);
  });

  test("sends the failures of every queue that feeds a function to a queue that exists", () => {
    const arns = Object.values(wiring.queues).map(({ arn }) => arn);
    for (const { queue } of wiring.mappings) {
      expect(arns, queue.name).toContain(queue.RedrivePolicy?.deadLetterTargetArn);
    }
  });

  test("feeds fanout with events and deliver with deliveries, each message answered by itself", () => {
    const fed = wiring.mappings.map(({ functionName, queue, reportsBatchItemFailures }) => [
      functionName,
      queue.url,
      reportsBatchItemFailures,
    ]);
    expect(fed).toContainEqual(["fanout", wiring.queues.IngestEventsQueue?.url, true]);
    expect(fed).toContainEqual(["deliver", wiring.queues.DeliveryDeliveriesQueue?.url, true]);
  });

  test.each(routes)("routes $method $path to $function ($access)", (route) => {
    const found = wiring.api.routes.find(
      ({ method, path }) => method === route.method && path === route.path,
    );
    expect(found?.functionName).toBe(route.function);
    expect(found?.authorizer?.functionName).toBe(route.access === "open" ? undefined : "authorizer");
  });

  test("reads API Gateway's own answers, constant header values unquoted", () => {
    expect(wiring.api.responses.UNAUTHORIZED).toMatchObject({
      status: 401,
      headers: { "Content-Type": "application/problem+json" },
    });
  });
});

describe("resolver", () => {
  const template: Template = {
    outputs: {},
    stackName: "stack",
    resources: {
      Jobs: { Type: "AWS::SQS::Queue", Properties: {}, Metadata: {} },
      Work: { Type: "AWS::Lambda::Function", Properties: {}, Metadata: {} },
      Live: {
        Type: "AWS::Lambda::Alias",
        Properties: {
          FunctionName: { Ref: "Work" },
          Name: "live",
          FunctionVersion: { "Fn::GetAtt": ["Newest", "Version"] },
        },
        Metadata: {},
      },
      Newest: { Type: "AWS::Lambda::Version", Properties: {}, Metadata: {} },
    },
  };
  const resolve = resolver(template, SQS_URL);
  const arn = "arn:aws:sqs:us-east-1:000000000000:stack-Jobs";

  test.each([
    [{ Ref: "AWS::Region" }, "us-east-1"],
    [{ Ref: "Jobs" }, `${SQS_URL}/000000000000/stack-Jobs`],
    [{ "Fn::GetAtt": ["Jobs", "Arn"] }, arn],
    [{ Ref: "Live" }, "arn:aws:lambda:us-east-1:000000000000:function:stack-Work:live"],
    [{ "Fn::Join": ["-", ["a", { Ref: "AWS::Partition" }]] }, "a-aws"],
    [{ "Fn::Select": [2, { "Fn::Split": [":", { "Fn::GetAtt": ["Jobs", "Arn"] }] }] }, "sqs"],
    // biome-ignore lint/suspicious/noTemplateCurlyInString: CloudFormation's own placeholders
    [{ "Fn::Sub": "${AWS::AccountId}/${Jobs.Arn}" }, `000000000000/${arn}`],
    [{ deep: [{ Ref: "AWS::URLSuffix" }, 1, null] }, { deep: ["amazonaws.com", 1, null] }],
  ])("resolves %j", (value, expected) => {
    expect(resolve(value)).toEqual(expected);
  });

  test.each([{ "Fn::ImportValue": "x" }, { Ref: "Nowhere" }, { "Fn::GetAtt": ["Jobs", "Colour"] }])(
    "refuses %j rather than guess",
    (value) => {
      expect(() => resolve(value)).toThrow();
    },
  );
});
