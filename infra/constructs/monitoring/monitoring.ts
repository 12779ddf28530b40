import { Stack } from "aws-cdk-lib";
import { Construct } from "constructs";
import type { StackSettings } from "../../settings.ts";
import { AlarmTopic } from "./alarm-topic.ts";
import { Alarms } from "./alarms.ts";
import { Dashboard } from "./dashboard.ts";
import type { Watched } from "./watched.ts";

export interface MonitoringProps {
  readonly watched: Watched;
  readonly settings: Pick<StackSettings, "alarms" | "alarmEmail">;
}

/** The alarms, whom they tell, and the dashboard. What to do about each alarm is in docs/runbook.md. */
export class Monitoring extends Construct {
  readonly dashboardUrl: string;
  /** Of the topic that learns of every alarm, on a stage that has them. */
  readonly alarmTopicArn: string | undefined;

  constructor(scope: Construct, id: string, { watched, settings }: MonitoringProps) {
    super(scope, id);
    const alarmed = settings.alarms ? this.raiseAlarms(watched, settings) : undefined;
    new Dashboard(this, "Dashboard", { watched, alarms: alarmed?.alarms ?? [] });
    const { region, stackName } = Stack.of(this);
    this.dashboardUrl = `https://${region}.console.aws.amazon.com/cloudwatch/home?region=${region}#dashboards/dashboard/${stackName}`;
    this.alarmTopicArn = alarmed?.topicArn;
  }

  private raiseAlarms(watched: Watched, { alarmEmail }: MonitoringProps["settings"]) {
    const { topic } = new AlarmTopic(this, "AlarmTopic", { email: alarmEmail });
    return { alarms: new Alarms(this, "Alarms", { watched, topic }).all, topicArn: topic.topicArn };
  }
}
