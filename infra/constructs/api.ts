import { Duration } from "aws-cdk-lib";
import {
  AuthorizationType,
  EndpointType,
  type IAuthorizer,
  LambdaIntegration,
  ResponseType,
  RestApi,
  TokenAuthorizer,
} from "aws-cdk-lib/aws-apigateway";
import type { IFunction } from "aws-cdk-lib/aws-lambda";
import { Construct } from "constructs";
import { type FunctionName, type Route, routes } from "../../shared/http/routes.ts";

type ApiFunction = Exclude<FunctionName, "authorizer" | "fanout" | "deliver" | "redeliver">;

export interface ApiProps {
  readonly authorizer: IFunction;
  readonly functions: Readonly<Record<ApiFunction, IFunction>>;
}

/**
 * What API Gateway answers by itself, in the shape of every other error (RFC 9457). It calls an unknown path
 * a "missing authentication token" and would answer 403.
 */
const gatewayProblems = [
  [ResponseType.UNAUTHORIZED, 401, "Unauthorized", "Send a valid API key: Authorization: Bearer <api key>"],
  [ResponseType.ACCESS_DENIED, 403, "Forbidden", "This API key may not call this"],
  [ResponseType.MISSING_AUTHENTICATION_TOKEN, 404, "Not Found", "No such path, or not with this method"],
  // With an Authorization header, it takes the call to an unknown path for one that is badly signed.
  [ResponseType.INVALID_SIGNATURE, 404, "Not Found", "No such path, or not with this method"],
  [ResponseType.RESOURCE_NOT_FOUND, 404, "Not Found", "No such path, or not with this method"],
  [ResponseType.REQUEST_TOO_LARGE, 413, "Content Too Large", "The request is larger than the API takes"],
  [ResponseType.THROTTLED, 429, "Too Many Requests", "Slow down, and try again"],
  [ResponseType.DEFAULT_4XX, undefined, "Bad Request", "The request was refused before it reached the API"],
  [ResponseType.DEFAULT_5XX, undefined, "Internal Server Error", "Something of ours failed; try again"],
] as const;

/** The REST API, made from the route table. */
export class Api extends Construct {
  readonly url: string;
  readonly rest: RestApi;

  constructor(scope: Construct, id: string, props: ApiProps) {
    super(scope, id);
    const api = new RestApi(this, "Rest", {
      restApiName: this.node.path,
      endpointTypes: [EndpointType.REGIONAL],
      // Bodies reach the functions as bytes, so that what is signed is what was published, exactly.
      binaryMediaTypes: ["*/*"],
      cloudWatchRole: false,
    });
    const authorizer = new TokenAuthorizer(this, "Authorizer", {
      handler: props.authorizer,
      // A revoked key stops at once. A cached answer would let it in for as long as the cache lives.
      resultsCacheTtl: Duration.seconds(0),
    });
    for (const [type, status, title, detail] of gatewayProblems) {
      api.addGatewayResponse(type.responseType.toString(), {
        type,
        ...(status && { statusCode: String(status) }),
        responseHeaders: { "Content-Type": "'application/problem+json'" },
        templates: {
          "application/json": JSON.stringify({
            type: "about:blank",
            title,
            ...(status && { status }),
            detail,
          }),
        },
      });
    }
    for (const route of routes) addRoute(api, route, props.functions[route.function], authorizer);
    this.url = api.url;
    this.rest = api;
  }
}

function addRoute(api: RestApi, route: Route, handler: IFunction, authorizer: IAuthorizer) {
  api.root
    .resourceForPath(route.path)
    .addMethod(
      route.method,
      new LambdaIntegration(handler, { allowTestInvoke: false }),
      route.access === "open"
        ? { authorizationType: AuthorizationType.NONE }
        : { authorizationType: AuthorizationType.CUSTOM, authorizer },
    );
}
