import { RemovalPolicy, Stack, Validations } from "aws-cdk-lib";
import { type IRole, PolicyStatement, Role, ServicePrincipal } from "aws-cdk-lib/aws-iam";
import { ScheduleGroup } from "aws-cdk-lib/aws-scheduler";
import { Construct } from "constructs";
import type { WorkQueue } from "./work-queue.ts";

export interface RetrySchedulesProps {
  /** The queues schedules put messages on, each with the dead-letter queue for what cannot be put there. */
  readonly targets: readonly WorkQueue[];
}

/**
 * The group that retry schedules are made in at run time, and the role EventBridge Scheduler assumes for
 * them.
 */
export class RetrySchedules extends Construct {
  readonly group: ScheduleGroup;
  readonly groupName: string;
  readonly roleArn: string;
  private readonly role: Role;

  constructor(scope: Construct, id: string, { targets }: RetrySchedulesProps) {
    super(scope, id);
    // Goes with the stack, and so do the retries in it: without the stack's role they could not reach their queue.
    const group = new ScheduleGroup(this, "Group", { removalPolicy: RemovalPolicy.DESTROY });
    this.group = group;
    const stack = Stack.of(this);
    this.role = new Role(this, "Role", {
      description: "EventBridge Scheduler puts due retries on the deliveries queue",
      // Only for schedules of this group: the confused-deputy guard of the Scheduler's user guide.
      assumedBy: new ServicePrincipal("scheduler.amazonaws.com", {
        conditions: {
          StringEquals: { "aws:SourceAccount": stack.account, "aws:SourceArn": group.scheduleGroupArn },
        },
      }),
    });
    for (const target of targets) {
      target.grantSend(this.role);
      target.grantGiveUp(this.role);
    }
    this.groupName = group.scheduleGroupName;
    this.roleArn = this.role.roleArn;
  }

  /** Allows `role` to make schedules in the group, handing them this role and no other. */
  grantCreate(role: IRole) {
    const schedules = `schedule/${this.groupName}/*`;
    role.addToPrincipalPolicy(
      new PolicyStatement({
        actions: ["scheduler:CreateSchedule"],
        resources: [Stack.of(this).formatArn({ service: "scheduler", resource: schedules })],
      }),
    );
    Validations.of(role).acknowledge({
      id: `AwsSolutions-IAM5[Resource::arn:<AWS::Partition>:scheduler:<AWS::Region>:<AWS::AccountId>:${schedules}]`,
      reason: "Each retry makes a schedule with a name of its own, in this one group",
    });
    role.addToPrincipalPolicy(
      new PolicyStatement({
        actions: ["iam:PassRole"],
        resources: [this.roleArn],
        conditions: { StringEquals: { "iam:PassedToService": "scheduler.amazonaws.com" } },
      }),
    );
  }
}
