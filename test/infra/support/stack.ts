import { readFileSync } from "node:fs";
import { App } from "aws-cdk-lib";
import { Template } from "aws-cdk-lib/assertions";
import * as z from "zod";
import { FUNCTION_METADATA } from "../../../infra/constructs/service-function.ts";
import { deployedSettings, type StackSettings, stackName } from "../../../infra/settings.ts";
import { WebhooksStack } from "../../../infra/stack.ts";

const cdkJson = z.object({ context: z.record(z.string(), z.unknown()) });
/** What the CDK CLI hands on from `cdk.json`. */
const { context } = cdkJson.parse(
  JSON.parse(readFileSync(new URL("../../../cdk.json", import.meta.url), "utf8")),
);

/** An app as the CLI has it, but without bundling: the wiring is under test, not esbuild. */
export const newApp = (more: Record<string, unknown> = {}) =>
  new App({ context: { ...context, "aws:cdk:bundling-stacks": [], ...more }, analyticsReporting: false });

export const stackOf = (app: App, settings: StackSettings) =>
  new WebhooksStack(app, stackName(settings.stage), settings);

/** The template of a stage with these settings in the environment. */
export const synthesize = (stage: string, environment: Record<string, string> = {}) =>
  Template.fromStack(stackOf(newApp(), deployedSettings(stage, environment)));

const lambda = z.looseObject({
  Metadata: z.looseObject({ [FUNCTION_METADATA]: z.string() }),
  Properties: z.looseObject({
    Timeout: z.number(),
    Role: z.object({ "Fn::GetAtt": z.array(z.string()) }),
    Environment: z.object({ Variables: z.record(z.string(), z.unknown()) }).optional(),
    ReservedConcurrentExecutions: z.number().optional(),
    VpcConfig: z.unknown().optional(),
    TracingConfig: z.object({ Mode: z.string() }).optional(),
    LoggingConfig: z.object({ SystemLogLevel: z.string().optional() }).optional(),
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
          Effect: z.enum(["Allow", "Deny"]),
        }),
      ),
    }),
  }),
});

/** Our functions, by their folder's name. */
export const functionsOf = (template: Template) =>
  Object.entries(template.findResources("AWS::Lambda::Function")).map(([id, resource]) => {
    const { Metadata, Properties } = lambda.parse(resource);
    return { id, name: Metadata[FUNCTION_METADATA], properties: Properties };
  });

/** Every statement of the policies that a role has. */
export const statementsOfRole = (template: Template, role: string | undefined) =>
  Object.values(template.findResources("AWS::IAM::Policy"))
    .map((resource) => policy.parse(resource).Properties)
    .filter(({ Roles }) => Roles.some(({ Ref }) => Ref === role))
    .flatMap(({ PolicyDocument }) => PolicyDocument.Statement);

export const statementsOf = (template: Template, name: string) =>
  statementsOfRole(
    template,
    functionsOf(template).find((candidate) => candidate.name === name)?.properties.Role["Fn::GetAtt"][0],
  );
