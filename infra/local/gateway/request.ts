import { randomUUID } from "node:crypto";
import type { IncomingMessage } from "node:http";
import type { APIGatewayProxyEvent } from "aws-lambda";
import { localRegion } from "../settings.ts";
import { ACCOUNT } from "../template/intrinsics.ts";
import { GatewayProblem } from "./problem.ts";
import type { RouteMatch } from "./router.ts";

/** API Gateway's limit, which cannot be raised. */
const MAX_BODY_BYTES = 10 * 1_024 * 1_024;
const API_ID = "local";
const STAGE = "local";

export interface RequestTarget {
  /** As sent. */
  readonly path: string;
  /** Decoded. */
  readonly segments: readonly string[];
  readonly query: readonly (readonly [string, string])[];
}

/**
 * Reads a request target such as `/webhooks/a%20b?limit=5`.
 * @throws GatewayProblem when it is not properly encoded
 */
export function parseTarget(target: string): RequestTarget {
  const [path = "/", ...rest] = target.split("?");
  const query = rest.join("?");
  try {
    // URLSearchParams lets a broken escape through as text; as in the path, it is refused.
    decodeURIComponent(query);
    return {
      path,
      segments: path.split("/").slice(1).map(decodeURIComponent),
      query: [...new URLSearchParams(query)],
    };
  } catch (cause) {
    throw new GatewayProblem("BAD_REQUEST", { cause });
  }
}

/** @throws GatewayProblem as soon as it is known to be too large; no more than the limit is ever held */
export async function readBody(request: IncomingMessage): Promise<Buffer> {
  if (Number(request.headers["content-length"] ?? 0) > MAX_BODY_BYTES)
    throw new GatewayProblem("REQUEST_TOO_LARGE");
  const chunks: Buffer[] = [];
  let size = 0;
  // Leaving the loop early must not destroy the request: its socket still has to carry the answer.
  for await (const chunk of request.iterator({ destroyOnReturn: false })) {
    size += chunk.length;
    if (size > MAX_BODY_BYTES) throw new GatewayProblem("REQUEST_TOO_LARGE");
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** What an authorizer's policy is about. */
export const methodArn = (method: string, path: string) =>
  `arn:aws:execute-api:${localRegion}:${ACCOUNT}:${API_ID}/${STAGE}/${method}${path}`;

export interface ProxyRequest {
  readonly request: IncomingMessage;
  readonly target: RequestTarget;
  readonly match: RouteMatch;
  readonly body: Buffer;
  readonly binaryMediaTypes: readonly string[];
  readonly authorizer: APIGatewayProxyEvent["requestContext"]["authorizer"];
}

/** The event of a REST API's Lambda proxy integration. */
export function toProxyEvent({
  request,
  target,
  match,
  body,
  binaryMediaTypes,
  authorizer,
}: ProxyRequest): APIGatewayProxyEvent {
  const { route, parameters } = match;
  const method = request.method ?? "GET";
  const multiValueHeaders = group(pairs(request.rawHeaders));
  const multiValueQuery = group(target.query);
  const binary = isBinary(request.headers["content-type"] ?? "application/json", binaryMediaTypes);
  return {
    resource: route.path,
    path: target.path,
    httpMethod: method,
    headers: lastOfEach(multiValueHeaders),
    multiValueHeaders,
    queryStringParameters: target.query.length === 0 ? null : lastOfEach(multiValueQuery),
    multiValueQueryStringParameters: target.query.length === 0 ? null : multiValueQuery,
    pathParameters: Object.keys(parameters).length === 0 ? null : { ...parameters },
    stageVariables: null,
    requestContext: requestContext(request, route.path, target.path, authorizer),
    body: body.length === 0 ? null : body.toString(binary ? "base64" : "utf8"),
    isBase64Encoded: body.length > 0 && binary,
  };
}

function requestContext(
  request: IncomingMessage,
  resourcePath: string,
  path: string,
  authorizer: ProxyRequest["authorizer"],
): APIGatewayProxyEvent["requestContext"] {
  const now = new Date();
  return {
    accountId: ACCOUNT,
    apiId: API_ID,
    authorizer,
    httpMethod: request.method ?? "GET",
    identity: {
      ...noIdentity,
      sourceIp: request.socket.remoteAddress ?? "",
      userAgent: request.headers["user-agent"] ?? null,
    },
    path,
    protocol: `HTTP/${request.httpVersion}`,
    requestId: randomUUID(),
    requestTime: now.toISOString(),
    requestTimeEpoch: now.getTime(),
    resourceId: resourcePath,
    resourcePath,
    stage: STAGE,
  };
}

/** A caller without an AWS identity. */
const noIdentity = {
  accessKey: null,
  accountId: null,
  apiKey: null,
  apiKeyId: null,
  caller: null,
  clientCert: null,
  cognitoAuthenticationProvider: null,
  cognitoAuthenticationType: null,
  cognitoIdentityId: null,
  cognitoIdentityPoolId: null,
  principalOrgId: null,
  user: null,
  userArn: null,
};

function isBinary(contentType: string, binaryMediaTypes: readonly string[]): boolean {
  const [type = ""] = contentType.toLowerCase().split(";");
  const [family] = type.trim().split("/");
  return binaryMediaTypes.some((known) => ["*/*", `${family}/*`, type.trim()].includes(known));
}

/** Node gives raw headers as name, value, name, value … */
function pairs(rawHeaders: readonly string[]): [string, string][] {
  return Array.from({ length: rawHeaders.length / 2 }, (_, i) => [
    rawHeaders[2 * i] ?? "",
    rawHeaders[2 * i + 1] ?? "",
  ]);
}

function group(entries: readonly (readonly [string, string])[]): Record<string, string[]> {
  const groups = new Map<string, string[]>();
  for (const [name, value] of entries) groups.set(name, [...(groups.get(name) ?? []), value]);
  return Object.fromEntries(groups);
}

const lastOfEach = (groups: Readonly<Record<string, string[]>>): Record<string, string> =>
  Object.fromEntries(Object.entries(groups).map(([name, values]) => [name, values.at(-1) ?? ""]));
