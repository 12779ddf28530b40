import type { APIGatewayProxyEvent, Context } from "aws-lambda";
import { Problem } from "../../../shared/domain/problem.ts";
import { api } from "../../../shared/http/api.ts";
import { captureLambdaLines } from "./lambda-console.ts";

export type Answer = "serves" | "refuses" | "breaks";

/** What the API's real border writes while it answers: requests served, refused (4xx), and failed by a fault of ours. */
export async function linesOfAnswers(answers: readonly Answer[]): Promise<string[]> {
  const captured = captureLambdaLines();
  try {
    for (const answer of answers) {
      const { statusCode } = await border(answer)(request, {} as Context);
      if (statusCode !== statusOf[answer]) throw new Error(`${answer}: answered ${statusCode}`);
    }
  } finally {
    await captured.restore();
  }
  return captured.lines();
}

const statusOf: Readonly<Record<Answer, number>> = { serves: 204, refuses: 422, breaks: 500 };

const border = (answer: Answer) =>
  api("test-send", {
    async "POST /webhooks/{hook_id}/test"() {
      if (answer === "refuses") throw new Problem("invalid", "No such scope");
      if (answer === "breaks") throw new Error("DynamoDB is down");
      return { status: 204 };
    },
  });

const request = {
  ...{ httpMethod: "POST", resource: "/webhooks/{hook_id}/test", body: null, isBase64Encoded: false },
  requestContext: { authorizer: { account: "acme", roles: "integrator" } },
} as unknown as APIGatewayProxyEvent;
