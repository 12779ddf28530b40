import { CloudFormationClient, DescribeStacksCommand } from "@aws-sdk/client-cloudformation";
import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { SQSClient } from "@aws-sdk/client-sqs";
import { DynamoDBDocumentClient } from "@aws-sdk/lib-dynamodb";
import * as z from "zod";
import { readEnvironment } from "../../shared/config.ts";
import { messageOf } from "../local/failure.ts";
import { clientOptions, LOOPBACK, localStage, port } from "../local/settings.ts";
import { stackName, stageName } from "../settings.ts";
import { check } from "./command.ts";

/** What a command speaks to: a stage on AWS or an emulator, or the local run. */
export interface Target {
  readonly stage: string;
  readonly dynamoDb: DynamoDBDocumentClient;
  readonly sqs: SQSClient;
  /** The stack's outputs by name. @throws Error in one sentence when there is no such stack */
  outputs(): Promise<Readonly<Record<string, string>>>;
}

const served = z.object({
  dynamodb: z.url(),
  sqs: z.url(),
  outputs: z.record(z.string(), z.string()),
});

/** @param given `--stage`, unchecked; none means the local run on PORT */
export async function openTarget(given: unknown): Promise<Target> {
  const { stage } = check({ stage: stageName.optional() }, { stage: given });
  return stage === undefined ? localTarget(readEnvironment({ PORT: port }).PORT) : deployedTarget(stage);
}

/** Of the outputs, those that a command needs. @throws Error in one sentence naming what is missing */
export function readOutputs<Shape extends z.ZodRawShape>(
  { stage }: Target,
  known: Readonly<Record<string, string>>,
  needed: Shape,
) {
  const parsed = z.object(needed).safeParse(known);
  if (parsed.success) return parsed.data;
  const missing = parsed.error.issues.map(({ path }) => path.join(".")).join(", ");
  throw new Error(`Stage ${stage} has no output ${missing}: deploy this version first.`);
}

/** Its services listen on other ports at each start; `/_local` tells which. */
async function localTarget(at: number): Promise<Target> {
  const { dynamodb, sqs: queues, outputs } = await askLocalRun(at);
  return {
    stage: localStage,
    dynamoDb: DynamoDBDocumentClient.from(new DynamoDBClient(clientOptions(dynamodb))),
    sqs: new SQSClient(clientOptions(queues)),
    outputs: async () => outputs,
  };
}

async function askLocalRun(at: number): Promise<z.infer<typeof served>> {
  const answer = await fetch(`http://${LOOPBACK}:${at}/_local`).catch((cause: unknown) => {
    const help = "start it with npm start, set PORT, or give --stage";
    throw new Error(`No local run answers on port ${at}: ${help}.`, { cause });
  });
  try {
    return served.parse(await answer.json());
  } catch (cause) {
    const help = "stop it and npm start this one, or set PORT";
    throw new Error(`What answers on port ${at} is no local run of this version: ${help}.`, { cause });
  }
}

/**
 * By the SDK's clients as they are: a page of a megabyte may take longer over a slow line than a function's calls may
 * (shared/aws/clients.ts), and what is redriven may have bytes in its attributes.
 */
async function deployedTarget(stage: string): Promise<Target> {
  const client = DynamoDBDocumentClient.from(new DynamoDBClient(), {
    marshallOptions: { removeUndefinedValues: true },
  });
  try {
    await client.config.region();
  } catch (cause) {
    throw new Error(`Set AWS_REGION to the region that stage ${stage} is deployed in.`, { cause });
  }
  return {
    stage,
    dynamoDb: client,
    sqs: new SQSClient({ useQueueUrlAsEndpoint: false }),
    outputs: () => stackOutputs(stage),
  };
}

async function stackOutputs(stage: string): Promise<Record<string, string>> {
  const StackName = stackName(stage);
  const { Stacks = [] } = await new CloudFormationClient()
    .send(new DescribeStacksCommand({ StackName }))
    .catch((cause: unknown) => {
      // CloudFormation has no error of its own for it.
      if (!messageOf(cause).includes("does not exist")) throw cause;
      const help = `deploy stage ${stage} first, or set AWS_REGION`;
      throw new Error(`There is no stack ${StackName} here: ${help}.`, { cause });
    });
  const pairs = Stacks.flatMap(({ Outputs = [] }) => Outputs).flatMap(({ OutputKey, OutputValue }) =>
    OutputKey && OutputValue ? [[OutputKey, OutputValue] as const] : [],
  );
  return Object.fromEntries(pairs);
}
