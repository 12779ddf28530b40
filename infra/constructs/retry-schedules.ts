import { Stack } from "aws-cdk-lib";
import { type IGrantable, PolicyStatement, Role, ServicePrincipal } from "aws-cdk-lib/aws-iam";
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
    const group = new ScheduleGroup(this, "Group");
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
    const queues = new Set(targets.flatMap(({ queue, deadLetters }) => [queue, deadLetters]));
    for (const queue of queues) queue.grant(this.role, "sqs:SendMessage");
    this.groupName = group.scheduleGroupName;
    this.roleArn = this.role.roleArn;
  }

  /** Allows `grantee` to make schedules in the group, handing them this role and no other. */
  grantCreate(grantee: IGrantable) {
    grantee.grantPrincipal.addToPrincipalPolicy(
      new PolicyStatement({
        actions: ["scheduler:CreateSchedule"],
        resources: [
          Stack.of(this).formatArn({
            service: "scheduler",
            resource: "schedule",
            resourceName: `${this.groupName}/*`,
          }),
        ],
      }),
    );
    grantee.grantPrincipal.addToPrincipalPolicy(
      new PolicyStatement({
        actions: ["iam:PassRole"],
        resources: [this.roleArn],
        conditions: { StringEquals: { "iam:PassedToService": "scheduler.amazonaws.com" } },
      }),
    );
  }
}
