import * as z from "zod";
import { FUNCTION_METADATA } from "../../constructs/service-function.ts";
import { type Resolve, resolver } from "./intrinsics.ts";
import type { Resource, Template } from "./synthesize.ts";
import { type RestApi, readRestApi, type Target } from "./wiring-api.ts";

const keySchema = z.array(z.object({ AttributeName: z.string(), KeyType: z.enum(["HASH", "RANGE"]) }));
const index = z.object({
  IndexName: z.string(),
  KeySchema: keySchema,
  Projection: z.object({
    ProjectionType: z.enum(["ALL", "KEYS_ONLY", "INCLUDE"]),
    NonKeyAttributes: z.array(z.string()).exactOptional(),
  }),
});

/** What the local DynamoDB needs of a table. It knows neither TTL nor recovery. */
const table = z.object({
  TableName: z.string(),
  AttributeDefinitions: z.array(
    z.object({ AttributeName: z.string(), AttributeType: z.enum(["S", "N", "B"]) }),
  ),
  KeySchema: keySchema,
  GlobalSecondaryIndexes: z.array(index).exactOptional(),
});

const redrivePolicy = z.object({ deadLetterTargetArn: z.string(), maxReceiveCount: z.number() });
const queueProperties = z.object({
  VisibilityTimeout: z.number().default(30),
  MessageRetentionPeriod: z.number().default(345_600),
  DelaySeconds: z.number().default(0),
  RedrivePolicy: redrivePolicy.optional(),
});
const functionProperties = z.object({
  Timeout: z.number().default(3),
  MemorySize: z.number().default(128),
  Environment: z.object({ Variables: z.record(z.string(), z.string()) }).default({ Variables: {} }),
});
const mappingProperties = z.object({
  EventSourceArn: z.string(),
  FunctionName: z.string(),
  BatchSize: z.number().default(10),
  MaximumBatchingWindowInSeconds: z.number().default(0),
  FunctionResponseTypes: z.array(z.string()).default([]),
});

export type Table = z.infer<typeof table>;

export interface Queue extends z.infer<typeof queueProperties> {
  readonly name: string;
  readonly url: string;
  readonly arn: string;
}

export interface LambdaFunction {
  /** Its folder under `functions/`. */
  readonly name: string;
  readonly physicalName: string;
  readonly arn: string;
  readonly timeoutSeconds: number;
  readonly memoryMiB: number;
  readonly environment: Readonly<Record<string, string>>;
}

export interface EventSourceMapping {
  readonly queue: Queue;
  /** Folder name of the function it feeds. */
  readonly functionName: string;
  readonly batchSize: number;
  readonly batchingWindowSeconds: number;
  readonly reportsBatchItemFailures: boolean;
}

/** All that the local run takes from the template: there is no second list of tables, queues or routes. */
export interface Wiring {
  /** By short name: the logical id without its hash. */
  readonly tables: Readonly<Record<string, Table>>;
  readonly queues: Readonly<Record<string, Queue>>;
  readonly functions: readonly LambdaFunction[];
  readonly mappings: readonly EventSourceMapping[];
  readonly scheduleGroups: readonly string[];
  readonly api: RestApi;
  /** The stack's outputs, as the commands of `infra/commands` read them of a deployed stage. */
  readonly outputs: Readonly<Record<string, string>>;
}

/** @param sqsUrl where the local SQS listens, for the queues' URLs */
export function readWiring(template: Template, sqsUrl: string): Wiring {
  const resolve = resolver(template, sqsUrl);
  const all = <Value>(types: string[], read: (id: string, resource: Resource) => Value): [string, Value][] =>
    Object.entries(template.resources)
      .filter(([, { Type }]) => types.includes(Type))
      .map(([id, resource]) => [shortName(id), read(id, resource)]);

  const tables = all(["AWS::DynamoDB::GlobalTable", "AWS::DynamoDB::Table"], (id, { Properties }) =>
    table.parse({ ...object(resolve(Properties)), TableName: resolve({ Ref: id }) }),
  );
  const queues = all(["AWS::SQS::Queue"], (id, { Properties }) => ({
    ...queueProperties.parse(resolve(Properties)),
    ...z
      .object({ name: z.string(), url: z.string(), arn: z.string() })
      .parse(resolve({ name: att(id, "QueueName"), url: { Ref: id }, arn: att(id, "Arn") })),
  }));
  const functions = all(["AWS::Lambda::Function"], (id, resource) =>
    readFunction(id, resource, resolve),
  ).flatMap(([, found]) => found ?? []);
  const targets = withAliases(
    functions,
    all(["AWS::Lambda::Alias"], (id) => z.string().parse(resolve({ Ref: id }))),
  );
  const mappings = all(["AWS::Lambda::EventSourceMapping"], (_, { Properties }) =>
    readMapping(
      resolve(Properties),
      queues.map(([, queue]) => queue),
      targets,
    ),
  );
  const groups = all(["AWS::Scheduler::ScheduleGroup"], (id) => z.string().parse(resolve({ Ref: id })));
  return {
    tables: Object.fromEntries(tables),
    queues: Object.fromEntries(queues),
    functions,
    mappings: mappings.map(([, mapping]) => mapping),
    scheduleGroups: groups.map(([, name]) => name),
    api: readRestApi(template, resolve, targets),
    outputs: z
      .record(z.string(), z.string())
      .parse(
        Object.fromEntries(
          Object.entries(template.outputs).map(([name, { Value }]) => [name, resolve(Value)]),
        ),
      ),
  };
}

const att = (logicalId: string, name: string) => ({ "Fn::GetAtt": [logicalId, name] });
/** Every ARN that a function is called by. Here it has one version, and every alias leads to it. */
const withAliases = (functions: readonly LambdaFunction[], aliases: readonly [string, string][]): Target[] =>
  functions.flatMap(({ name, arn }) => [
    { name, arn },
    ...aliases.filter(([, alias]) => alias.startsWith(`${arn}:`)).map(([, alias]) => ({ name, arn: alias })),
  ]);
const object = (value: unknown) => z.record(z.string(), z.unknown()).parse(value);

/** `StorageApiKeys7B037C32` → `StorageApiKeys`: CDK ends a logical id with 8 hex digits. */
const shortName = (logicalId: string) => logicalId.replace(/[0-9A-F]{8}$/, "");

/** @returns undefined for a Lambda that is not ours, such as a custom resource's */
function readFunction(
  id: string,
  { Properties, Metadata }: Resource,
  resolve: Resolve,
): LambdaFunction | undefined {
  const name = z.string().optional().parse(Metadata[FUNCTION_METADATA]);
  if (name === undefined) return undefined;
  const { Timeout, MemorySize, Environment } = functionProperties.parse({
    Timeout: Properties.Timeout,
    MemorySize: Properties.MemorySize,
    Environment: resolve(Properties.Environment),
  });
  return {
    name,
    physicalName: z.string().parse(resolve({ Ref: id })),
    arn: z.string().parse(resolve(att(id, "Arn"))),
    timeoutSeconds: Timeout,
    memoryMiB: MemorySize,
    environment: Environment.Variables,
  };
}

function readMapping(
  properties: unknown,
  queues: readonly Queue[],
  targets: readonly Target[],
): EventSourceMapping {
  const given = mappingProperties.parse(properties);
  const queue = queues.find(({ arn }) => arn === given.EventSourceArn);
  // The last part of an ARN is enough: a function's name, or that and an alias.
  const fed = targets.find(({ arn }) => `:${arn}`.endsWith(`:${given.FunctionName}`));
  if (!queue || !fed)
    throw new Error(`No queue or no function for ${given.EventSourceArn} → ${given.FunctionName}`);
  return {
    queue,
    functionName: fed.name,
    batchSize: given.BatchSize,
    batchingWindowSeconds: given.MaximumBatchingWindowInSeconds,
    reportsBatchItemFailures: given.FunctionResponseTypes.includes("ReportBatchItemFailures"),
  };
}
