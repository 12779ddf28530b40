import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { Duration, RemovalPolicy, Stack } from "aws-cdk-lib";
import { Architecture, type CfnFunction, LoggingFormat, Runtime } from "aws-cdk-lib/aws-lambda";
import { NodejsFunction, OutputFormat } from "aws-cdk-lib/aws-lambda-nodejs";
import { LogGroup, RetentionDays } from "aws-cdk-lib/aws-logs";
import type { Construct } from "constructs";
import type { FunctionName } from "../../shared/http/routes.ts";

/** Template metadata that says which folder under `functions/` a Lambda runs. The local run reads it. */
export const FUNCTION_METADATA = "claimr:function";

const root = fileURLToPath(new URL("../../", import.meta.url));

/**
 * dns.lookup holds a thread of libuv's pool of four for as long as the resolver takes: four endpoints with a dead
 * name server would keep all others from being looked up. For functions that call endpoints.
 * https://nodejs.org/api/dns.html#implementation-considerations
 */
export const lookUpsSideBySide = { UV_THREADPOOL_SIZE: "32" };

export interface ServiceFunctionProps {
  readonly name: FunctionName;
  readonly environment?: Record<string, string>;
  readonly timeout?: Duration;
  readonly memoryMiB?: number;
  /** Shell commands that add to the bundle, given its folder. They do not run when synthesized without bundling. */
  readonly afterBundling?: (folder: string) => string[];
}

/**
 * A Lambda from `functions/<name>/handler.ts`: newest Node on arm64, one ESM bundle with its SDK clients,
 * JSON logs.
 */
export class ServiceFunction extends NodejsFunction {
  constructor(scope: Construct, id: string, props: ServiceFunctionProps) {
    const entry = `${root}functions/${props.name}/handler.ts`;
    if (!existsSync(entry)) throw new Error(`functions/${props.name}/handler.ts does not exist`);
    super(scope, id, {
      entry,
      projectRoot: root,
      depsLockFilePath: `${root}package-lock.json`,
      runtime: Runtime.NODEJS_24_X,
      architecture: Architecture.ARM_64,
      memorySize: props.memoryMiB ?? 256,
      timeout: props.timeout ?? Duration.seconds(10),
      environment: {
        // The dimension by which the metrics of stages are told apart (shared/domain/metric.ts).
        POWERTOOLS_SERVICE_NAME: Stack.of(scope).stackName,
        ...props.environment,
      },
      loggingFormat: LoggingFormat.JSON,
      logGroup: new LogGroup(scope, `${id}Logs`, {
        retention: RetentionDays.ONE_MONTH,
        removalPolicy: RemovalPolicy.DESTROY,
      }),
      bundling: {
        format: OutputFormat.ESM,
        target: "node24",
        minify: true,
        // The SDK is bundled rather than taken from the runtime: the version tested is the version run.
        externalModules: [],
        mainFields: ["module", "main"],
        // Some CommonJS dependencies still call require(); an ES module has none unless it makes one.
        banner: "import{createRequire}from'node:module';const require=createRequire(import.meta.url);",
        ...(props.afterBundling && { commandHooks: commandHooks(props.afterBundling) }),
      },
    });
    (this.node.defaultChild as CfnFunction).addMetadata(FUNCTION_METADATA, props.name);
  }
}

const commandHooks = (afterBundling: (folder: string) => string[]) => ({
  beforeInstall: () => [],
  beforeBundling: () => [],
  afterBundling: (_source: string, folder: string) => afterBundling(folder),
});
