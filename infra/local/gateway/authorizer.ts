import type { IncomingMessage } from "node:http";
import type { APIGatewayTokenAuthorizerEvent } from "aws-lambda";
import * as z from "zod";
import { messageOf } from "../failure.ts";
import type { Invoke } from "../lambda/lambda.ts";
import type { TokenAuthorizer } from "../template/wiring-api.ts";
import { GatewayProblem } from "./problem.ts";
import { methodArn } from "./request.ts";

const oneOrMany = z.union([z.string().transform((one) => [one]), z.array(z.string())]);
const authorizerAnswer = z.object({
  principalId: z.string(),
  policyDocument: z.object({
    Statement: z.array(
      z.object({ Effect: z.enum(["Allow", "Deny"]), Action: oneOrMany, Resource: oneOrMany }),
    ),
  }),
  context: z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()])).nullish(),
});
type Answer = z.infer<typeof authorizerAnswer>;

/**
 * Asks a TOKEN authorizer whether the call is allowed.
 * @returns what the function finds in `requestContext.authorizer`; API Gateway makes text of every value
 * @throws GatewayProblem when it is not
 */
export async function authorize(
  { functionName, header }: TokenAuthorizer,
  request: IncomingMessage,
  path: string,
  invoke: Invoke,
): Promise<Record<string, string>> {
  const token = request.headers[header];
  if (typeof token !== "string" || token === "") throw new GatewayProblem("UNAUTHORIZED");
  const event: APIGatewayTokenAuthorizerEvent = {
    type: "TOKEN",
    authorizationToken: token,
    methodArn: methodArn(request.method ?? "GET", path),
  };
  const { principalId, policyDocument, context } = toAnswer(await ask(functionName, event, invoke));
  if (!allows(policyDocument.Statement, event.methodArn)) throw new GatewayProblem("ACCESS_DENIED");
  const values = Object.entries(context ?? {}).map(([name, value]) => [name, String(value)]);
  return { ...Object.fromEntries(values), principalId };
}

async function ask(
  functionName: string,
  event: APIGatewayTokenAuthorizerEvent,
  invoke: Invoke,
): Promise<unknown> {
  try {
    return await invoke(functionName, event);
  } catch (cause) {
    // The one message that API Gateway understands; everything else is the authorizer's own failure.
    throw new GatewayProblem(messageOf(cause) === "Unauthorized" ? "UNAUTHORIZED" : "AUTHORIZER_FAILURE", {
      cause,
    });
  }
}

function toAnswer(given: unknown): Answer {
  const parsed = authorizerAnswer.safeParse(given);
  if (!parsed.success) throw new GatewayProblem("AUTHORIZER_CONFIGURATION_ERROR", { cause: parsed.error });
  return parsed.data;
}

/** As IAM decides: a Deny wins, and without an Allow there is no way in. */
function allows(statements: Answer["policyDocument"]["Statement"], arn: string): boolean {
  const effects = statements
    .filter(({ Action, Resource }) => matchesAny(Action, "execute-api:Invoke") && matchesAny(Resource, arn))
    .map(({ Effect }) => Effect);
  return effects.includes("Allow") && !effects.includes("Deny");
}

const matchesAny = (patterns: readonly string[], text: string): boolean =>
  patterns.some((pattern) => matches(pattern, text));

/**
 * `*` stands for any text, `?` for one character. Not made a regular expression: the path of a call is part of the
 * pattern, and one full of asterisks would make that backtrack for ever.
 */
function matches(pattern: string, text: string): boolean {
  let at = 0;
  /** Where the latest `*` stands, and up to where in the text it reaches so far. */
  let star = -1;
  let reach = 0;
  for (let index = 0; index < text.length; ) {
    if (pattern[at] === "*") {
      star = at++;
      reach = index;
    } else if (pattern[at] === "?" || pattern[at] === text[index]) {
      at++;
      index++;
    } else if (star >= 0) {
      at = star + 1;
      index = ++reach;
    } else return false;
  }
  while (pattern[at] === "*") at++;
  return at === pattern.length;
}
