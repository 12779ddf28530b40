import * as z from "zod";
import { FUNCTION_METADATA } from "../../../infra/constructs/service-function.ts";
import type { Template } from "../../../infra/local/template/synthesize.ts";

const lambda = z.object({ Role: z.object({ "Fn::GetAtt": z.tuple([z.string(), z.string()]) }) });
const policy = z.object({
  Roles: z.array(z.object({ Ref: z.string() })),
  PolicyDocument: z.object({
    Statement: z.array(
      z.object({ Action: z.union([z.string().transform((action) => [action]), z.array(z.string())]) }),
    ),
  }),
});

/** What Lambda itself does on a function's behalf: its poller's work, and the handing over of a role. */
const NOT_THE_CODES = /^(iam|logs|xray):|^sqs:(Receive|Delete|Change|Get)/;

/** What each function may do, as `function action`, in the template's own words. */
export function grantsOf({ resources }: Template): string[] {
  const all = Object.values(resources);
  const policies = all
    .filter(({ Type }) => Type === "AWS::IAM::Policy")
    .map(({ Properties }) => policy.parse(Properties));
  return all
    .filter(({ Metadata }) => FUNCTION_METADATA in Metadata)
    .flatMap(({ Metadata, Properties }) => {
      const role = lambda.parse(Properties).Role["Fn::GetAtt"][0];
      return policies
        .filter(({ Roles }) => Roles.some(({ Ref }) => Ref === role))
        .flatMap(({ PolicyDocument }) => PolicyDocument.Statement.flatMap(({ Action }) => Action))
        .filter((action) => !NOT_THE_CODES.test(action))
        .map((action) => `${String(Metadata[FUNCTION_METADATA])} ${action}`);
    });
}

/** The permission that an operation needs (service authorization reference). */
export function actionOf(operation: string): string {
  if (operation === "CreateSchedule") return "scheduler:CreateSchedule";
  return operation.startsWith("SendMessage") ? "sqs:SendMessage" : `dynamodb:${operation}`;
}
