import { describe, expect, test } from "vitest";
import * as z from "zod";
import { synthesize } from "./support/stack.ts";

/**
 * What people's data, addresses and messages hang on, by the ids that deployed stacks know them by. Another id is
 * another resource: CloudFormation would make it empty, and drop or orphan the one in use. To rename a construct here,
 * keep the old id (`overrideLogicalId`).
 */
const kept = {
  ApiRest4DEC74FE: "AWS::ApiGateway::RestApi",
  ApiRestDeploymentStageprodE136C09A: "AWS::ApiGateway::Stage",
  DeliveryDeliveriesDeadLettersDEB157FF: "AWS::SQS::Queue",
  DeliveryDeliveriesQueue19262D72: "AWS::SQS::Queue",
  DeliverySlowDeliveriesQueue51D43F35: "AWS::SQS::Queue",
  DeliveryRetrySchedulesGroup9A0DC4F5: "AWS::Scheduler::ScheduleGroup",
  DeliveryRetrySchedulesRole62DE36CE: "AWS::IAM::Role",
  DeliveryDeliverServiceRoleBA47479E: "AWS::IAM::Role",
  IngestBusAD6D06A0: "AWS::Events::EventBus",
  IngestEventsDeadLettersAAF7D15A: "AWS::SQS::Queue",
  IngestEventsQueue31CB673D: "AWS::SQS::Queue",
  RedeliveryRedeliveriesDeadLettersAC9ECF02: "AWS::SQS::Queue",
  RedeliveryRedeliveriesQueueD5B533F2: "AWS::SQS::Queue",
  StorageApiKeys7B037C32: "AWS::DynamoDB::GlobalTable",
  StorageDeliveriesE42B5069: "AWS::DynamoDB::GlobalTable",
  StorageUndelivered6BB21CD2: "AWS::DynamoDB::GlobalTable",
  StorageWebhooksD52FC28E: "AWS::DynamoDB::GlobalTable",
};

const resources = z.object({ Resources: z.record(z.string(), z.looseObject({ Type: z.string() })) });

describe.each(["dev", "prod"])("an upgrade of stage %s", (stage) => {
  const template = synthesize(stage);
  const { Resources } = resources.parse(template.toJSON());

  test("finds everything that holds something where it was", () => {
    const found = Object.keys(kept).map((id) => [id, Resources[id]?.Type]);
    expect(found).toEqual(Object.entries(kept));
  });

  test("aims the event source mappings anew, and makes no second ones beside them", () => {
    const mappings = Object.keys(template.findResources("AWS::Lambda::EventSourceMapping"));
    const shortIds = mappings.map((id) => id.replace(/SqsEventSource.*/, ""));
    // Directly below the function, where they were before it had an alias.
    expect(shortIds.sort()).toEqual([
      "DeliveryDeliver",
      "DeliveryDeliver",
      "IngestFanout",
      "RedeliveryRedeliver",
    ]);
  });
});
