import { Stack } from "aws-cdk-lib";
import { Alarm, ComparisonOperator, TreatMissingData } from "aws-cdk-lib/aws-cloudwatch";
import { SnsAction } from "aws-cdk-lib/aws-cloudwatch-actions";
import type { ITopic } from "aws-cdk-lib/aws-sns";
import { Construct } from "constructs";
import { alarmList } from "./alarm-list.ts";
import type { Watched } from "./watched.ts";

export interface AlarmsProps {
  readonly watched: Watched;
  /** Learns of each alarm that is raised, and that it is over. */
  readonly topic: ITopic;
}

/**
 * The same on every stage that has alarms (`ALARMS`), so that what is tried out on one is what watches the other.
 */
export class Alarms extends Construct {
  readonly all: readonly Alarm[];

  constructor(scope: Construct, id: string, { watched, topic }: AlarmsProps) {
    super(scope, id);
    const action = new SnsAction(topic);
    this.all = alarmList(this, watched).map((definition) => {
      const { section, says, metric, threshold, periods } = definition;
      const alarm = new Alarm(this, definition.id, {
        alarmName: `${Stack.of(this).stackName}-${definition.id}`,
        alarmDescription: `${says} See docs/runbook.md#${section}`,
        metric,
        threshold,
        comparisonOperator: ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
        evaluationPeriods: periods,
        // All of these count or time what is wrong. Where nothing happens, as at night, nothing is written,
        // and nothing is wrong.
        treatMissingData: TreatMissingData.NOT_BREACHING,
      });
      alarm.addAlarmAction(action);
      alarm.addOkAction(action);
      return alarm;
    });
  }
}
