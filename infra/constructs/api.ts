import { Duration, RemovalPolicy, Validations } from "aws-cdk-lib";
import {
  AccessLogFormat,
  AuthorizationType,
  EndpointType,
  type IAuthorizer,
  type IRestApi,
  LambdaIntegration,
  LogGroupLogDestination,
  MethodLoggingLevel,
  ResponseType,
  RestApi,
  TokenAuthorizer,
} from "aws-cdk-lib/aws-apigateway";
import { CfnPermission } from "aws-cdk-lib/aws-lambda";
import { LogGroup } from "aws-cdk-lib/aws-logs";
import { Construct } from "constructs";
import { type FunctionName, type Route, routes } from "../../shared/http/routes.ts";
import type { StackSettings } from "../settings.ts";
import { ApiDomain } from "./api-domain.ts";
import type { ServiceFunction } from "./service-function.ts";

type ApiFunction = Exclude<FunctionName, "authorizer" | "fanout" | "deliver" | "redeliver">;

export interface ApiProps {
  readonly settings: StackSettings;
  readonly authorizer: ServiceFunction;
  readonly functions: Readonly<Record<ApiFunction, ServiceFunction>>;
}

/** API Gateway's stage, a part of the address; not one of ours. */
const STAGE_NAME = "prod";
/**
 * For all accounts together; each has its own limit (shared/domain/account-limits.ts). Half of what API Gateway
 * gives an AWS account in a region, so that other APIs there keep the other half.
 */
const MAX_REQUESTS_PER_SECOND = 5_000;
const MAX_REQUEST_BURST = 2_500;

/**
 * A line for each request. The path as the route table has it and no query string: both would name customers'
 * things. `key` is the API key's id, which is no secret.
 */
const accessLog = AccessLogFormat.custom(
  JSON.stringify({
    event: "api.request",
    request_id: "$context.requestId",
    trace: "$context.xrayTraceId",
    at: "$context.requestTimeEpoch",
    ip: "$context.identity.sourceIp",
    method: "$context.httpMethod",
    route: "$context.resourcePath",
    key: "$context.authorizer.principalId",
    status: "$context.status",
    duration_ms: "$context.responseLatency",
    function_ms: "$context.integrationLatency",
    response_bytes: "$context.responseLength",
    refused_as: "$context.error.responseType",
  }),
);

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
  /** Where people call it: at its own name when it has one. */
  readonly url: string;
  readonly domain: ApiDomain | undefined;
  readonly rest: RestApi;

  constructor(scope: Construct, id: string, { settings, authorizer: caller, functions }: ApiProps) {
    super(scope, id);
    this.rest = this.restApi(settings);
    const authorizer = new TokenAuthorizer(this, "Authorizer", {
      handler: caller.live,
      // A revoked key stops at once. A cached answer would let it in for as long as the cache lives.
      resultsCacheTtl: Duration.seconds(0),
    });
    addGatewayProblems(this.rest);
    for (const route of routes) addRoute(this.rest, route, functions[route.function], authorizer);
    // API Gateway may call an alias before the stage leads there: otherwise an upgrade answers 500 for a moment.
    const permissions = [...this.rest.node.children, ...caller.alias.node.children].filter(
      (child) => child instanceof CfnPermission,
    );
    this.rest.deploymentStage.node.addDependency(...permissions);
    this.domain =
      settings.domain &&
      new ApiDomain(this, "Domain", { api: this.rest as IRestApi, domain: settings.domain });
    this.url = this.domain?.url ?? this.rest.url;
  }

  private restApi(settings: StackSettings): RestApi {
    const keep = {
      retention: settings.logRetentionDays,
      removalPolicy: settings.production ? RemovalPolicy.RETAIN : RemovalPolicy.DESTROY,
    };
    const api = new RestApi(this, "Rest", {
      restApiName: this.node.path,
      endpointTypes: [EndpointType.REGIONAL],
      // Bodies reach the functions as bytes, so that what is signed is what was published, exactly.
      binaryMediaTypes: ["*/*"],
      // Without it a fresh account refuses a stage with logs. It is one for all APIs of the account and region, so it
      // stays when this stack goes.
      cloudWatchRole: true,
      cloudWatchRoleRemovalPolicy: RemovalPolicy.RETAIN,
      deployOptions: {
        stageName: STAGE_NAME,
        accessLogDestination: new LogGroupLogDestination(new LogGroup(this, "AccessLogs", keep)),
        accessLogFormat: accessLog,
        // What goes wrong between API Gateway and a function. INFO would have bodies and keys.
        loggingLevel: MethodLoggingLevel.ERROR,
        dataTraceEnabled: false,
        metricsEnabled: false,
        tracingEnabled: true,
        throttlingRateLimit: MAX_REQUESTS_PER_SECOND,
        throttlingBurstLimit: MAX_REQUEST_BURST,
      },
    });
    // CDK's own output of the address: ours is ApiUrl.
    api.node.tryRemoveChild("Endpoint");
    // Named by API Gateway, which would make it itself and keep it forever.
    const errorLogs = new LogGroup(this, "ErrorLogs", {
      logGroupName: `API-Gateway-Execution-Logs_${api.restApiId}/${STAGE_NAME}`,
      ...keep,
    });
    api.deploymentStage.node.addDependency(errorLogs);
    acknowledgeOf(api);
    return api;
  }
}

function acknowledgeOf(api: RestApi) {
  const findings = {
    "AwsSolutions-APIG2": "The functions validate, with the schemas that the OpenAPI document is made of",
    "AwsSolutions-APIG3":
      "Every route that reads or writes needs an API key, and each account has its own limits",
    "AwsSolutions-IAM4[Policy::arn:<AWS::Partition>:iam::aws:policy/service-role/AmazonAPIGatewayPushToCloudWatchLogs]":
      "The policy that API Gateway itself asks for before it takes the role",
  };
  for (const [id, reason] of Object.entries(findings)) Validations.of(api).acknowledge({ id, reason });
}

function addGatewayProblems(api: RestApi) {
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
}

function addRoute(api: RestApi, route: Route, handler: ServiceFunction, authorizer: IAuthorizer) {
  const method = api.root
    .resourceForPath(route.path)
    .addMethod(
      route.method,
      new LambdaIntegration(handler.live, { allowTestInvoke: false, scopePermissionToMethod: false }),
      route.access === "open"
        ? { authorizationType: AuthorizationType.NONE }
        : { authorizationType: AuthorizationType.CUSTOM, authorizer },
    );
  Validations.of(method).acknowledge({
    id: "AwsSolutions-COG4",
    reason: "Callers are programs with API keys of their account (docs/decisions/0005-who-may-call.md)",
  });
  if (route.access === "open") {
    Validations.of(method).acknowledge({
      id: "AwsSolutions-APIG4",
      reason: "A page for everyone: it shows nothing of any account",
    });
  }
}
