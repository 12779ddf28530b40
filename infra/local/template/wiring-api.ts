import * as z from "zod";
import { type Resolve, rootResourceOf } from "./intrinsics.ts";
import type { Template } from "./synthesize.ts";

export interface ApiRoute {
  /** Or `ANY`. */
  readonly method: string;
  /** With parameters in braces: `/webhooks/{hook_id}`. */
  readonly path: string;
  /** Folder name of the function that answers. */
  readonly functionName: string;
  /** Undefined when anyone may call. */
  readonly authorizer: TokenAuthorizer | undefined;
}

export interface TokenAuthorizer {
  readonly functionName: string;
  /** The header that carries the token, in lower case. */
  readonly header: string;
}

/** What API Gateway answers by itself, without a function. */
export interface GatewayResponse {
  readonly status: number | undefined;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | undefined;
}

export interface RestApi {
  readonly routes: readonly ApiRoute[];
  readonly binaryMediaTypes: readonly string[];
  /** By type, such as `UNAUTHORIZED` or `DEFAULT_4XX`. */
  readonly responses: Readonly<Record<string, GatewayResponse>>;
}

/** As much of a function as is needed to find it behind a route or a queue. */
export interface Target {
  readonly name: string;
  readonly arn: string;
}

const restApi = z.object({ BinaryMediaTypes: z.array(z.string()).default([]) });
const resource = z.object({ ParentId: z.string(), PathPart: z.string() });
const method = z.object({
  HttpMethod: z.string(),
  ResourceId: z.string(),
  AuthorizerId: z.string().optional(),
  Integration: z.object({ Type: z.literal("AWS_PROXY"), Uri: z.string() }),
});
const authorizer = z.object({
  Type: z.literal("TOKEN"),
  AuthorizerUri: z.string(),
  IdentitySource: z.string().regex(/^method\.request\.header\./),
  // The local run caches no answer, so a template that asks for it would behave differently here.
  AuthorizerResultTtlInSeconds: z.literal(0),
});
const gatewayResponse = z.object({
  ResponseType: z.string(),
  StatusCode: z.coerce.number().optional(),
  ResponseParameters: z.record(z.string(), z.string()).default({}),
  ResponseTemplates: z.record(z.string(), z.string()).default({}),
});

/** The stack's one REST API: its routes, who guards them, and what it answers by itself. */
export function readRestApi(template: Template, resolve: Resolve, functions: readonly Target[]): RestApi {
  const all = <Schema extends z.ZodType>(type: string, schema: Schema): [string, z.output<Schema>][] =>
    Object.entries(template.resources)
      .filter(([, { Type }]) => Type === `AWS::ApiGateway::${type}`)
      .map(([id, { Properties }]) => [id, schema.parse(resolve(Properties))]);

  const [apiId, api] = all("RestApi", restApi)[0] ?? [];
  if (apiId === undefined || !api) throw new Error("The template holds no REST API");
  const resources = new Map(all("Resource", resource));
  const authorizers = new Map(
    all("Authorizer", authorizer).map(([id, given]) => [
      id,
      {
        functionName: functionBehind(given.AuthorizerUri, functions),
        header: given.IdentitySource.replace("method.request.header.", "").toLowerCase(),
      },
    ]),
  );

  function pathOf(resourceId: string): string {
    if (resourceId === rootResourceOf(apiId ?? "")) return "";
    const found = resources.get(resourceId);
    if (!found) throw new Error(`The template holds no API resource ${resourceId}`);
    return `${pathOf(found.ParentId)}/${found.PathPart}`;
  }

  return {
    routes: all("Method", method).map(([, given]) => ({
      method: given.HttpMethod,
      path: pathOf(given.ResourceId) || "/",
      functionName: functionBehind(given.Integration.Uri, functions),
      authorizer: given.AuthorizerId === undefined ? undefined : authorizers.get(given.AuthorizerId),
    })),
    binaryMediaTypes: api.BinaryMediaTypes,
    responses: Object.fromEntries(
      all("GatewayResponse", gatewayResponse).map(([, given]) => [given.ResponseType, toResponse(given)]),
    ),
  };
}

/**
 * An integration names its function within a longer ARN: `arn:…:path/2015-03-31/functions/<ARN>/invocations`.
 */
function functionBehind(uri: string, functions: readonly Target[]): string {
  const found = functions.find(({ arn }) => uri.includes(`/functions/${arn}/`));
  if (!found) throw new Error(`No function of the template is behind ${uri}`);
  return found.name;
}

const HEADER_PREFIX = "gatewayresponse.header.";

function toResponse(given: z.output<typeof gatewayResponse>): GatewayResponse {
  const headers = Object.entries(given.ResponseParameters)
    .filter(([name]) => name.startsWith(HEADER_PREFIX))
    // Constant values stand in single quotes; the quotes are not part of them.
    .map(([name, value]) => [name.slice(HEADER_PREFIX.length), value.replace(/^'(.*)'$/, "$1")]);
  return {
    status: given.StatusCode,
    headers: Object.fromEntries(headers),
    body: given.ResponseTemplates["application/json"],
  };
}
