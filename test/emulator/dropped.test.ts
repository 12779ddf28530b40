import {
  CloudFormationClient,
  DescribeStackResourcesCommand,
  GetTemplateCommand,
} from "@aws-sdk/client-cloudformation";
import { DescribeTimeToLiveCommand, DynamoDBClient, UpdateTimeToLiveCommand } from "@aws-sdk/client-dynamodb";
import { GetQueueAttributesCommand, SetQueueAttributesCommand, SQSClient } from "@aws-sdk/client-sqs";
import { mockClient } from "aws-sdk-client-mock";
import { beforeEach, expect, test } from "vitest";
import { restoreDropped } from "../../infra/emulator/dropped.ts";

const cloudFormation = mockClient(CloudFormationClient);
const dynamoDb = mockClient(DynamoDBClient);
const sqs = mockClient(SQSClient);

const TimeToLiveSpecification = { AttributeName: "expires_at", Enabled: true };
const template = {
  Resources: {
    Log: { Type: "AWS::DynamoDB::GlobalTable", Properties: { TimeToLiveSpecification } },
    Keys: { Type: "AWS::DynamoDB::GlobalTable", Properties: {} },
    Work: {
      Type: "AWS::SQS::Queue",
      Properties: {
        RedrivePolicy: { deadLetterTargetArn: { "Fn::GetAtt": ["Dead", "Arn"] }, maxReceiveCount: 5 },
      },
    },
    Dead: { Type: "AWS::SQS::Queue" },
  },
};
const RedrivePolicy = JSON.stringify({ deadLetterTargetArn: "arn:aws:sqs:here:0:dead", maxReceiveCount: 5 });

beforeEach(() => {
  for (const client of [cloudFormation, dynamoDb, sqs]) client.reset();
  cloudFormation.on(GetTemplateCommand).resolves({ TemplateBody: JSON.stringify(template) });
  cloudFormation.on(DescribeStackResourcesCommand).resolves({
    StackResources: Object.entries({
      Log: "log-1",
      Keys: "keys-1",
      Work: "http://here/0/work",
      Dead: "http://here/0/dead",
    }).map(([LogicalResourceId, PhysicalResourceId]) => ({
      ...{
        LogicalResourceId,
        PhysicalResourceId,
        ResourceType: "any",
        ResourceStatus: "CREATE_COMPLETE" as const,
      },
      Timestamp: new Date(),
    })),
  });
  sqs
    .on(GetQueueAttributesCommand, { AttributeNames: ["QueueArn"] })
    .resolves({ Attributes: { QueueArn: "arn:aws:sqs:here:0:dead" } });
});

const clients = () => ({
  cloudFormation: new CloudFormationClient(),
  dynamoDb: new DynamoDBClient(),
  sqs: new SQSClient(),
});

test("expiry and dead letters that the emulator left out are set as the template has them, and told", async () => {
  dynamoDb
    .on(DescribeTimeToLiveCommand)
    .resolves({ TimeToLiveDescription: { TimeToLiveStatus: "DISABLED" } });
  sqs.on(GetQueueAttributesCommand, { AttributeNames: ["RedrivePolicy"] }).resolves({});
  expect(await restoreDropped(clients(), "stack")).toEqual([
    "items of log-1 expire at expires_at",
    "what work cannot deliver goes to its dead-letter queue",
  ]);
  expect(dynamoDb.commandCalls(UpdateTimeToLiveCommand).map(({ args }) => args[0].input)).toEqual([
    { TableName: "log-1", TimeToLiveSpecification },
  ]);
  expect(sqs.commandCalls(SetQueueAttributesCommand).map(({ args }) => args[0].input)).toEqual([
    { QueueUrl: "http://here/0/work", Attributes: { RedrivePolicy } },
  ]);
});

test("where all of it is there already nothing is changed", async () => {
  dynamoDb.on(DescribeTimeToLiveCommand).resolves({ TimeToLiveDescription: { TimeToLiveStatus: "ENABLED" } });
  sqs
    .on(GetQueueAttributesCommand, { AttributeNames: ["RedrivePolicy"] })
    .resolves({ Attributes: { RedrivePolicy } });
  expect(await restoreDropped(clients(), "stack")).toEqual([]);
  expect(dynamoDb.commandCalls(UpdateTimeToLiveCommand)).toEqual([]);
  expect(sqs.commandCalls(SetQueueAttributesCommand)).toEqual([]);
});
