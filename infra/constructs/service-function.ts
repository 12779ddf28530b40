import { Duration, RemovalPolicy, Stack, Validations } from "aws-cdk-lib";
import type { CfnRole, IRole } from "aws-cdk-lib/aws-iam";
import {
  Alias,
  Architecture,
  type CfnFunction,
  type IAlias,
  type IVersion,
  Function as LambdaFunction,
  LoggingFormat,
  RecursiveLoop,
  Runtime,
  SystemLogLevel,
  Tracing,
} from "aws-cdk-lib/aws-lambda";
import { LogGroup } from "aws-cdk-lib/aws-logs";
import type { Construct } from "constructs";
import type { FunctionName } from "../../shared/http/routes.ts";
import type { StackSettings } from "../settings.ts";
import { functionCode } from "./function-code.ts";
import type { StaticEgress } from "./static-egress.ts";

/** Template metadata that says which folder under `functions/` a Lambda runs. The local run reads it. */
export const FUNCTION_METADATA = "claimr:function";

/**
 * dns.lookup holds a thread of libuv's pool of four for as long as the resolver takes: four endpoints with a dead
 * name server would keep all others from being looked up. For functions that call endpoints.
 * https://nodejs.org/api/dns.html#implementation-considerations
 */
export const lookUpsSideBySide = { UV_THREADPOOL_SIZE: "32" };

/**
 * Where invocations are many and each is of many messages, whose own lines tell of them, nothing is paid for to be
 * told of one that went well. At WARN, Lambda still writes the report of one that did not: crashed, out of time or
 * memory, not started.
 * https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-log-level.html ("System log level event
 * mapping": `report` is INFO with `status=success`, WARN otherwise; `initReport` and `runtimeDone` likewise)
 */
const fedByQueue = { tracing: Tracing.DISABLED, systemLogLevelV2: SystemLogLevel.WARN };
const calledByApi = { tracing: Tracing.ACTIVE };

export interface ServiceFunctionProps {
  readonly name: FunctionName;
  readonly settings: StackSettings;
  readonly environment?: Record<string, string>;
  readonly timeout?: Duration;
  readonly memoryMiB?: number;
  /** Kept for this function, and its limit; a share of what the account has left unless given. */
  readonly reservedConcurrency?: number | undefined;
  /** Rather than called by API Gateway: of its invocations only those that fail are told of. */
  readonly isFedByQueue?: boolean;
  /**
   * It sends to the queue that feeds it, and ends by itself. Lambda would otherwise stop a message that it has been
   * invoked for more than sixteen times: a redelivery job of many slices, a wait of hours in holds of 15 minutes.
   * https://docs.aws.amazon.com/lambda/latest/dg/invocation-recursion.html
   */
  readonly feedsItself?: boolean;
  /** Where it calls the outside from; Lambda's own addresses unless given. */
  readonly egress?: StaticEgress | undefined;
  /** A script, and its arguments, that adds to the bundle, given its folder. */
  readonly addFiles?: (folder: string) => string[];
}

/**
 * A Lambda from `functions/<name>/handler.ts`: newest Node on arm64, one ESM bundle with its SDK clients
 * (`infra/bundling`), JSON logs.
 */
export class ServiceFunction extends LambdaFunction {
  /** What everyone calls: the version in service. */
  readonly live: IAlias;
  /** The same, for who moves it. */
  readonly alias: Alias;
  readonly logs: LogGroup;

  constructor(scope: Construct, id: string, props: ServiceFunctionProps) {
    const logs = new LogGroup(scope, `${id}Logs`, {
      retention: props.settings.logRetentionDays,
      removalPolicy: props.settings.production ? RemovalPolicy.RETAIN : RemovalPolicy.DESTROY,
    });
    super(scope, id, {
      code: functionCode(scope, props.name, props.addFiles),
      handler: "index.handler",
      runtime: Runtime.NODEJS_24_X,
      architecture: Architecture.ARM_64,
      memorySize: props.memoryMiB ?? 256,
      timeout: props.timeout ?? Duration.seconds(10),
      environment: {
        // The dimension by which the metrics of stages are told apart (shared/domain/metric.ts).
        POWERTOOLS_SERVICE_NAME: Stack.of(scope).stackName,
        ...props.environment,
      },
      ...(props.isFedByQueue ? fedByQueue : calledByApi),
      ...(props.feedsItself && { recursiveLoop: RecursiveLoop.ALLOW }),
      loggingFormat: LoggingFormat.JSON,
      logGroup: logs,
      ...(props.reservedConcurrency && { reservedConcurrentExecutions: props.reservedConcurrency }),
      ...props.egress?.placement,
    });
    this.logs = logs;
    this.limitRole(props.egress);
    (this.node.defaultChild as CfnFunction).addMetadata(FUNCTION_METADATA, props.name);
    // CDK's classes and its own interfaces differ in what is undefined and what is not there.
    this.alias = new Alias(this, "Live", { aliasName: "live", version: this.currentVersion as IVersion });
    this.live = this.alias as IAlias;
    Validations.of(this).acknowledge({
      id: "Serverless-LambdaDLQ",
      reason:
        "Never called asynchronously: API Gateway waits for it, or a queue with a dead-letter queue feeds it",
    });
    Validations.of(this).acknowledge(
      props.isFedByQueue
        ? {
            id: "Serverless-LambdaTracing",
            reason: "A trace would be of a batch; its deliveries and their ids are in the log lines",
          }
        : {
            id: "AwsSolutions-IAM5[Resource::*]",
            reason: "X-Ray's actions know no resources (service authorization reference)",
          },
    );
  }

  /** CDK gives it AWS's policy that may write to every log group of the account; its own will do. */
  private limitRole(egress: StaticEgress | undefined) {
    const resource = this.executionRole.node.defaultChild as CfnRole;
    resource.managedPolicyArns = egress ? [egress.policyArn] : undefined;
    egress?.forbidAttaching(this.executionRole);
    this.logs.grantWrite(this);
  }

  get executionRole(): IRole {
    // CDK makes one for each function that is given none.
    return this.role as IRole;
  }
}
