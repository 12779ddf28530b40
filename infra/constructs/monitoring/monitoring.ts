import { Stack } from "aws-cdk-lib";
import { Construct } from "constructs";
import { AlarmTopic } from "./alarm-topic.ts";
import { Alarms } from "./alarms.ts";
import { Dashboard } from "./dashboard.ts";
import type { Watched } from "./watched.ts";

export interface MonitoringProps {
  readonly watched: Watched;
  /** Told of every alarm. */
  readonly alarmEmail?: string | undefined;
}

/** The alarms, whom they tell, and the dashboard. What to do about each alarm is in docs/runbook.md. */
export class Monitoring extends Construct {
  readonly dashboardUrl: string;
  readonly alarmTopicArn: string;

  constructor(scope: Construct, id: string, { watched, alarmEmail }: MonitoringProps) {
    super(scope, id);
    const { topic } = new AlarmTopic(this, "AlarmTopic", { email: alarmEmail });
    const alarms = new Alarms(this, "Alarms", { watched, topic });
    new Dashboard(this, "Dashboard", { watched, alarms: alarms.all });
    const { region, stackName } = Stack.of(this);
    this.dashboardUrl = `https://${region}.console.aws.amazon.com/cloudwatch/home?region=${region}#dashboards/dashboard/${stackName}`;
    this.alarmTopicArn = topic.topicArn;
  }
}
