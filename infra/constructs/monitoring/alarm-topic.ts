import { ArnFormat, Stack, Validations } from "aws-cdk-lib";
import { PolicyStatement, ServicePrincipal } from "aws-cdk-lib/aws-iam";
import { Topic } from "aws-cdk-lib/aws-sns";
import { EmailSubscription } from "aws-cdk-lib/aws-sns-subscriptions";
import { Construct } from "constructs";

export interface AlarmTopicProps {
  /** Told of every alarm, once it has confirmed the subscription. Nobody is, unless given. */
  readonly email: string | undefined;
}

/**
 * Where alarms are published, and whoever answers them subscribes. Not encrypted with a key: what it carries is
 * the names of alarms and numbers, none of it a customer's, and CloudWatch cannot use the key that costs nothing.
 */
export class AlarmTopic extends Construct {
  readonly topic: Topic;

  constructor(scope: Construct, id: string, { email }: AlarmTopicProps) {
    super(scope, id);
    const stack = Stack.of(this);
    this.topic = new Topic(this, "Topic", {
      displayName: `${stack.stackName} alarms`,
      enforceSSL: true,
    });
    // A policy of a topic's own takes the place of the one by which CloudWatch may publish.
    this.topic.addToResourcePolicy(
      new PolicyStatement({
        principals: [new ServicePrincipal("cloudwatch.amazonaws.com")],
        actions: ["sns:Publish"],
        resources: [this.topic.topicArn],
        conditions: {
          StringEquals: { "aws:SourceAccount": stack.account },
          ArnLike: {
            "aws:SourceArn": stack.formatArn({
              service: "cloudwatch",
              resource: "alarm",
              arnFormat: ArnFormat.COLON_RESOURCE_NAME,
              resourceName: `${stack.stackName}-*`,
            }),
          },
        },
      }),
    );
    if (email === undefined) return;
    Validations.of(this.topic.addSubscription(new EmailSubscription(email))).acknowledge({
      id: "Serverless-SNSRedrivePolicy",
      reason: "A mail that cannot be sent would be read by nobody in a queue; the alarm itself stays raised",
    });
  }
}
