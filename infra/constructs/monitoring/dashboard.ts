import { Duration, Stack } from "aws-cdk-lib";
import {
  type Alarm,
  AlarmStatusWidget,
  Dashboard as CloudWatchDashboard,
  GraphWidget,
  type IMetric,
  type IWidget,
  LogQueryVisualizationType,
  LogQueryWidget,
  SingleValueWidget,
} from "aws-cdk-lib/aws-cloudwatch";
import type { ILogGroup } from "aws-cdk-lib/aws-logs";
import { Construct } from "constructs";
import { scopes } from "../../../shared/domain/event.ts";
import { costs } from "./costs.ts";
import { failingEndpoints, ourFailures, undeliveredByAccount } from "./log-queries.ts";
import { FIVE_MINUTES, ownMetrics, sumOf, type Watched } from "./watched.ts";

export interface DashboardProps {
  readonly watched: Watched;
  readonly alarms: readonly Alarm[];
}

const HOUR = Duration.hours(1);
/** CloudWatch's grid is 24 wide. */
const ROW = 24;

/** Answers three questions, one row each: is it working, for whom is it not, what is it costing. */
export class Dashboard extends Construct {
  constructor(scope: Construct, id: string, { watched, alarms }: DashboardProps) {
    super(scope, id);
    new CloudWatchDashboard(this, "Dashboard", {
      dashboardName: Stack.of(this).stackName,
      defaultInterval: Duration.hours(3),
      widgets: [
        alarms.length > 0
          ? [new AlarmStatusWidget({ title: "Alarms", alarms: [...alarms], width: ROW, height: 4 })]
          : [],
        [this.totals()],
        this.isItWorking(watched),
        this.forWhomIsItNot(watched),
        [
          new GraphWidget({
            title: "What is it costing: dollars an hour, at list prices",
            left: costs(watched, HOUR),
            stacked: true,
            width: ROW,
            leftYAxis: { min: 0, label: "$/hour", showUnits: false },
          }),
        ],
      ],
    });
  }

  private totals(): IWidget {
    const own = ownMetrics(this, HOUR);
    return new SingleValueWidget({
      title: "Is it working: the last hour",
      metrics: [
        own.total("EventsAccepted", "events accepted"),
        own.total("EndpointLatency", "attempts", "SampleCount"),
        own.total("Delivered", "delivered"),
        own.total("Undelivered", "undelivered"),
        own.total("Cancelled", "cancelled"),
        ...scopes.map((scope) => own.undeliveredPercent(scope, 1)),
      ],
      width: ROW,
      height: 3,
    });
  }

  private isItWorking(watched: Watched): IWidget[] {
    const own = ownMetrics(this, FIVE_MINUTES);
    const queues = {
      events: watched.events,
      deliveries: watched.deliveries,
      slow: watched.slowDeliveries,
      redeliveries: watched.redeliveries,
    };
    const ages = Object.entries(queues).map(([label, { queue }]) =>
      queue.metricApproximateAgeOfOldestMessage({ statistic: "Maximum", period: FIVE_MINUTES, label }),
    );
    const deadLetters = [watched.events, watched.deliveries, watched.redeliveries].map((work) =>
      work.deadLetters.metricApproximateNumberOfMessagesVisible({
        statistic: "Maximum",
        period: FIVE_MINUTES,
      }),
    );
    return [
      graph("Events accepted", own.byScope("EventsAccepted")),
      graph("Delivered, retried, undelivered", [
        own.total("Delivered", "delivered"),
        own.total("Retried", "retried"),
        own.total("Undelivered", "undelivered"),
      ]),
      graph("From accepted to delivered, ms: p50 and p99", percentiles(own, "DeliveryAge")),
      graph("Retries started late, ms: p50 and p99", percentiles(own, "RetryLateness")),
      graph("Endpoints answer in, ms: p50 and p99", percentiles(own, "EndpointLatency")),
      graph("Endpoints for each publication", own.byScope("FanOutWidth", "Maximum")),
      graph("Age of the oldest message, s", ages),
      graph("Messages that failed, and dead letters", [
        own.plain("MessagesFailed"),
        sumOf("dead", deadLetters, FIVE_MINUTES, "dead letters"),
      ]),
    ];
  }

  private forWhomIsItNot({ functions }: Watched): IWidget[] {
    const deliver = [functions.deliver.logGroup];
    const all = Object.values(functions).map(({ logGroup }) => logGroup);
    return [
      table("For whom is it not: endpoints that fail", failingEndpoints, deliver),
      table("Accounts whose events were given up", undeliveredByAccount, deliver),
      table("Failures of ours", ourFailures, all),
    ];
  }
}

const percentiles = (
  own: ReturnType<typeof ownMetrics>,
  metric: "DeliveryAge" | "RetryLateness" | "EndpointLatency",
) => ["p50", "p99"].flatMap((statistic) => own.byScope(metric, statistic));

const graph = (title: string, left: IMetric[]) =>
  new GraphWidget({ title, left, width: ROW / 4, leftYAxis: { min: 0, showUnits: false } });

const table = (title: string, queryLines: string[], logGroups: readonly ILogGroup[]) =>
  new LogQueryWidget({
    title,
    queryLines,
    logGroupNames: logGroups.map(({ logGroupName }) => logGroupName),
    view: LogQueryVisualizationType.TABLE,
    width: ROW / 3,
    height: 8,
  });
