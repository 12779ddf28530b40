import { App, Stack } from "aws-cdk-lib";
import { Template } from "aws-cdk-lib/assertions";
import { expect, test } from "vitest";
import { AlarmTopic } from "../../infra/constructs/monitoring/alarm-topic.ts";

function subscriptionsTo(email: string | undefined) {
  const stack = new Stack(new App(), "Stage");
  new AlarmTopic(stack, "AlarmTopic", { email });
  return Object.values(Template.fromStack(stack).findResources("AWS::SNS::Subscription"));
}

test("alarms are mailed to the address of the settings, and to nobody without one", () => {
  expect(subscriptionsTo("oncall@example.com")).toMatchObject([
    { Properties: { Protocol: "email", Endpoint: "oncall@example.com" } },
  ]);
  expect(subscriptionsTo(undefined)).toEqual([]);
});
