import middy from "@middy/core";
import type { APIGatewayProxyEvent, APIGatewayProxyResult } from "aws-lambda";
import * as z from "zod/mini";
import { accountName, roles } from "../domain/api-key.ts";
import { Problem, parseInput, parseJson, TooMany } from "../domain/problem.ts";
import { log } from "../log.ts";
import { problemAnswer, unexpectedAnswer } from "./problem-answer.ts";
import { type FunctionName, type Route, type RouteKeyOf, routes } from "./routes.ts";

export interface ApiRequest {
  /** Whose key it is. Every look-up names it. */
  readonly account: string;
  readonly path: Readonly<Record<string, string | undefined>>;
  readonly query: Readonly<Record<string, string | undefined>>;
  /** By lower-case name. */
  readonly headers: Readonly<Record<string, string | undefined>>;
  /**
   * The body as text.
   * @throws Problem `malformed` when it is not UTF-8, which JSON has to be (RFC 8259 §8.1)
   */
  text(): string;
  /** The body as a schema has it. @throws Problem `malformed` or `invalid` */
  json<Schema extends z.ZodMiniType>(schema: Schema): z.output<Schema>;
  /** The same, where no body at all means no wishes: `{}`. */
  jsonOrNothing<Schema extends z.ZodMiniType>(schema: Schema): z.output<Schema>;
}

export interface ApiAnswer {
  readonly status: number;
  /** Absent: no content. */
  readonly body?: unknown;
}

/** An answer that is no JSON: a page, or a part of one. */
export interface FileAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly bytes: Buffer;
}

export type Operation = (request: ApiRequest) => Promise<ApiAnswer | FileAnswer>;

/** What the authorizer hands on. */
const caller = z.object({
  account: accountName,
  roles: z.pipe(
    z.pipe(
      z.string(),
      z.transform((list) => list.split(",")),
    ),
    z.array(z.enum(roles)),
  ),
  /** Seconds: the account has made more requests than it may. */
  retry_after: z.optional(z.coerce.number().check(z.int(), z.positive())),
});

/** Far more than any document but an event needs; in base64, as API Gateway hands bodies over. */
const MAX_DOCUMENT_BYTES = 128 * 1024;

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/**
 * The handler of an API function: finds the operation by its route, checks that the caller has the role it
 * needs, and turns whatever is thrown into an answer that says enough and not too much.
 * @param operations one for each route that the table gives this function
 */
export function api<F extends FunctionName>(name: F, operations: Readonly<Record<RouteKeyOf<F>, Operation>>) {
  const byKey = new Map<string, Operation>(Object.entries(operations));

  return middy<APIGatewayProxyEvent, APIGatewayProxyResult>()
    .onError(answerError)
    .handler(async function answer(event) {
      const key = `${event.httpMethod} ${event.resource}`;
      const route = routes.find((one) => one.function === name && `${one.method} ${one.path}` === key);
      const operation = byKey.get(key);
      if (!operation || !route) throw new Problem("not-found", "No such path, or not with this method");
      const answered = await operation(toRequest(event, authorize(event, route)));
      if ("bytes" in answered) return fileResult(answered);
      const { status, body } = answered;
      if (body === undefined) return { statusCode: status, body: "" };
      return {
        statusCode: status,
        headers: { "content-type": "application/json", "cache-control": "no-store" },
        body: JSON.stringify(body),
      };
    });
}

function fileResult({ status, headers, bytes }: FileAnswer): APIGatewayProxyResult {
  return {
    statusCode: status,
    headers: { ...headers },
    body: bytes.toString("base64"),
    isBase64Encoded: true,
  };
}

function authorize(event: APIGatewayProxyEvent, { access }: Route): string {
  if (access === "open") return "";
  const { account, roles: granted, retry_after } = caller.parse(event.requestContext.authorizer);
  if (retry_after !== undefined) throw new TooMany("This account makes too many requests", retry_after);
  if (!granted.includes(access)) {
    throw new Problem(
      "forbidden",
      `This needs an API key with the role ${access}; this key has ${granted.join(", ")}`,
    );
  }
  return account;
}

function toRequest(event: APIGatewayProxyEvent, account: string): ApiRequest {
  function text(): string {
    const bytes = Buffer.from(event.body ?? "", event.isBase64Encoded ? "base64" : "utf8");
    try {
      return utf8.decode(bytes);
    } catch {
      throw new Problem("malformed", "The body is not valid UTF-8");
    }
  }
  function smallText(): string {
    const bytes = Buffer.byteLength(event.body ?? "");
    if (bytes > MAX_DOCUMENT_BYTES)
      throw new Problem("too-large", `The body is at most ${MAX_DOCUMENT_BYTES} bytes`);
    return text();
  }
  return {
    account,
    path: event.pathParameters ?? {},
    query: event.queryStringParameters ?? {},
    headers: Object.fromEntries(
      Object.entries(event.headers ?? {}).map(([name, value]) => [name.toLowerCase(), value]),
    ),
    text,
    json: (schema) => parseInput(schema, parseJson(smallText())),
    jsonOrNothing: (schema) => parseInput(schema, smallText().trim() === "" ? {} : parseJson(text())),
  };
}

async function answerError(
  request: middy.Request<APIGatewayProxyEvent, APIGatewayProxyResult>,
): Promise<void> {
  if (request.error instanceof Problem) {
    request.response = problemAnswer(request.error);
    return;
  }
  log.error("request.failed", request.error, { lambda_request_id: request.context.awsRequestId });
  request.response = unexpectedAnswer;
}
