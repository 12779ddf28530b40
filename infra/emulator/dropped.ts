import {
  type CloudFormationClient,
  DescribeStackResourcesCommand,
  GetTemplateCommand,
} from "@aws-sdk/client-cloudformation";
import {
  DescribeTimeToLiveCommand,
  type DynamoDBClient,
  UpdateTimeToLiveCommand,
} from "@aws-sdk/client-dynamodb";
import { GetQueueAttributesCommand, SetQueueAttributesCommand, type SQSClient } from "@aws-sdk/client-sqs";
import * as z from "zod";

interface Clients {
  readonly cloudFormation: Pick<CloudFormationClient, "send">;
  readonly dynamoDb: Pick<DynamoDBClient, "send">;
  readonly sqs: Pick<SQSClient, "send">;
}

const resource = z.object({ Type: z.string(), Properties: z.record(z.string(), z.unknown()).default({}) });
const template = z.object({ Resources: z.record(z.string(), resource) });
const timeToLive = z.object({
  TimeToLiveSpecification: z.object({ AttributeName: z.string(), Enabled: z.boolean() }),
});
const redrive = z.object({
  RedrivePolicy: z.object({
    deadLetterTargetArn: z.object({ "Fn::GetAtt": z.tuple([z.string(), z.literal("Arn")]) }),
    maxReceiveCount: z.number(),
  }),
});

type Physical = (logicalId: string) => string;

/**
 * What the template says and an emulator's CloudFormation has left out of its tables and queues, set through the
 * services' own API: expiry, and which queue takes the dead letters.
 * @returns what was missing, a line each; none when the emulator heeds the whole template
 */
export async function restoreDropped(clients: Clients, StackName: string): Promise<string[]> {
  const { TemplateBody } = await clients.cloudFormation.send(
    new GetTemplateCommand({ StackName, TemplateStage: "Original" }),
  );
  const physical = await physicalIds(clients, StackName);
  const { Resources } = template.parse(JSON.parse(String(TemplateBody)));
  const missing: string[] = [];
  for (const [logicalId, { Type, Properties }] of Object.entries(Resources)) {
    if (Type === "AWS::DynamoDB::GlobalTable" || Type === "AWS::DynamoDB::Table")
      missing.push(...(await restoreExpiry(clients, physical(logicalId), Properties)));
    if (Type === "AWS::SQS::Queue")
      missing.push(...(await restoreDeadLetters(clients, physical, logicalId, Properties)));
  }
  return missing;
}

async function physicalIds({ cloudFormation }: Clients, StackName: string): Promise<Physical> {
  const { StackResources = [] } = await cloudFormation.send(new DescribeStackResourcesCommand({ StackName }));
  const known = new Map(
    StackResources.map(({ LogicalResourceId, PhysicalResourceId }) => [
      LogicalResourceId,
      PhysicalResourceId,
    ]),
  );
  return (logicalId) => {
    const found = known.get(logicalId);
    if (found === undefined) throw new Error(`The emulator did not make ${logicalId}.`);
    return found;
  };
}

async function restoreExpiry({ dynamoDb }: Clients, TableName: string, properties: unknown) {
  const wanted = timeToLive.safeParse(properties).data?.TimeToLiveSpecification;
  if (!wanted) return [];
  const { TimeToLiveDescription } = await dynamoDb.send(new DescribeTimeToLiveCommand({ TableName }));
  if (TimeToLiveDescription?.TimeToLiveStatus === "ENABLED") return [];
  await dynamoDb.send(new UpdateTimeToLiveCommand({ TableName, TimeToLiveSpecification: wanted }));
  return [`items of ${TableName} expire at ${wanted.AttributeName}`];
}

async function restoreDeadLetters(
  { sqs }: Clients,
  physical: Physical,
  logicalId: string,
  properties: unknown,
) {
  const wanted = redrive.safeParse(properties).data?.RedrivePolicy;
  if (!wanted) return [];
  const QueueUrl = physical(logicalId);
  const attribute = async (of: string, name: "RedrivePolicy" | "QueueArn") => {
    const { Attributes } = await sqs.send(
      new GetQueueAttributesCommand({ QueueUrl: of, AttributeNames: [name] }),
    );
    return Attributes?.[name];
  };
  if (await attribute(QueueUrl, "RedrivePolicy")) return [];
  const { deadLetterTargetArn, maxReceiveCount } = wanted;
  const RedrivePolicy = JSON.stringify({
    deadLetterTargetArn: await attribute(physical(deadLetterTargetArn["Fn::GetAtt"][0]), "QueueArn"),
    maxReceiveCount,
  });
  await sqs.send(new SetQueueAttributesCommand({ QueueUrl, Attributes: { RedrivePolicy } }));
  return [`what ${QueueUrl.split("/").at(-1)} cannot deliver goes to its dead-letter queue`];
}
