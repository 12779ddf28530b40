import type { APIGatewayProxyResult } from "aws-lambda";
import { type Problem, type ProblemKind, TooMany } from "../domain/problem.ts";

const titles: Record<ProblemKind, readonly [status: number, title: string]> = {
  malformed: [400, "Bad Request"],
  forbidden: [403, "Forbidden"],
  "not-found": [404, "Not Found"],
  conflict: [409, "Conflict"],
  "too-large": [413, "Content Too Large"],
  invalid: [422, "Unprocessable Content"],
  "too-many": [429, "Too Many Requests"],
};

function answer(
  status: number,
  title: string,
  detail: string,
  errors: Problem["errors"],
): APIGatewayProxyResult {
  return {
    statusCode: status,
    headers: { "content-type": "application/problem+json", "cache-control": "no-store" },
    body: JSON.stringify({
      type: "about:blank",
      title,
      status,
      detail,
      ...(errors.length > 0 && { errors }),
    }),
  };
}

/** A refusal as `application/problem+json` (RFC 9457), with `Retry-After` (RFC 9110 §10.2.3) where it is too much. */
export function problemAnswer(problem: Problem): APIGatewayProxyResult {
  const [status, title] = titles[problem.kind];
  const answered = answer(status, title, problem.message, problem.errors);
  if (!(problem instanceof TooMany)) return answered;
  const headers = { ...answered.headers, "retry-after": String(problem.retryAfterSeconds) };
  return { ...answered, headers };
}

/** For what is our fault: the log has the details, the caller has none. */
export const unexpectedAnswer = answer(
  500,
  "Internal Server Error",
  "Something of ours failed; try again",
  [],
);
