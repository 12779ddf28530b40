import { CfnOutput, Duration, Stack } from "aws-cdk-lib";
import type { Construct } from "constructs";
import { Api } from "./constructs/api.ts";
import { DataKey } from "./constructs/data-key.ts";
import { Delivery } from "./constructs/delivery.ts";
import { GradualDeploys } from "./constructs/gradual-deploys.ts";
import { Ingest } from "./constructs/ingest.ts";
import { Monitoring } from "./constructs/monitoring/monitoring.ts";
import { ReadApi } from "./constructs/read-api.ts";
import { Redelivery } from "./constructs/redelivery.ts";
import { Registrations } from "./constructs/registrations.ts";
import { StaticEgress } from "./constructs/static-egress.ts";
import { Storage } from "./constructs/storage.ts";
import type { StackSettings } from "./settings.ts";

/** Composes the capabilities; owns no resource of its own. */
export class WebhooksStack extends Stack {
  constructor(scope: Construct, id: string, settings: StackSettings) {
    const { stage, production } = settings;
    super(scope, id, {
      description: `claimr webhooks, stage ${stage}`,
      terminationProtection: production,
    });

    const dataKey = production ? new DataKey(this, "DataKey", settings) : undefined;
    const egress = settings.staticEgressZones > 0 ? new StaticEgress(this, "Egress", settings) : undefined;
    const storage = new Storage(this, "Storage", { settings, dataKey });
    const registrations = new Registrations(this, "Registrations", { storage, settings, egress });
    const delivery = new Delivery(this, "Delivery", { storage, settings, dataKey, egress });
    const ingest = new Ingest(this, "Ingest", { storage, delivery, settings, dataKey });
    const redelivery = new Redelivery(this, "Redelivery", { storage, delivery, settings, dataKey });
    const read = new ReadApi(this, "ReadApi", { storage, settings });
    const apiFunctions = {
      webhooks: registrations.webhooks,
      "test-send": registrations.testSend,
      events: ingest.events,
      deliveries: read.deliveries,
      undelivered: redelivery.undelivered,
      site: read.site,
    };
    const { authorizer } = registrations;
    const api = new Api(this, "Api", { settings, authorizer, functions: apiFunctions });
    const functions = {
      ...apiFunctions,
      authorizer,
      fanout: ingest.fanout,
      deliver: delivery.deliver,
      redeliver: redelivery.redeliver,
    };
    if (settings.gradualDeploys) new GradualDeploys(this, "GradualDeploys", { functions, api: api.rest });

    const monitoring = new Monitoring(this, "Monitoring", {
      settings,
      watched: {
        functions,
        storage,
        events: ingest.accepted,
        deliveries: delivery.deliveries,
        slowDeliveries: delivery.slowDeliveries,
        redeliveries: redelivery.work,
        api: api.rest,
        bus: ingest.bus,
        busRule: ingest.busRule,
        schedules: delivery.schedules.group,
        longestQueueDelay: Duration.seconds(Math.min(settings.scheduleFromSeconds, 900)),
      },
    });

    this.outputs({
      ApiUrl: api.url,
      FirstKey: `AWS_REGION=${this.region} npm run keys -- create --stage ${stage} --account acme --role integrator --role publisher`,
      Dashboard: monitoring.dashboardUrl,
      ...(monitoring.alarmTopicArn && { AlarmTopicArn: monitoring.alarmTopicArn }),
      ...(api.domain && { DomainTarget: api.domain.target }),
      ...(egress && { EgressAddresses: egress.addresses.join(",") }),
      EventBusName: ingest.bus.eventBusName,
      ApiKeysTable: storage.apiKeys.tableName,
      WebhooksTable: storage.webhooks.tableName,
      DeliveriesTable: storage.deliveries.tableName,
      UndeliveredTable: storage.undelivered.tableName,
      EventsQueueUrl: ingest.accepted.queue.queueUrl,
      EventsDeadLettersUrl: ingest.accepted.deadLetters.queueUrl,
      DeliveriesQueueUrl: delivery.deliveries.queue.queueUrl,
      SlowDeliveriesQueueUrl: delivery.slowDeliveries.queue.queueUrl,
      DeliveriesDeadLettersUrl: delivery.deliveries.deadLetters.queueUrl,
      RedeliveriesQueueUrl: redelivery.work.queue.queueUrl,
      RedeliveriesDeadLettersUrl: redelivery.work.deadLetters.queueUrl,
    });
  }

  /** What people need next, and the commands of `infra/commands` read. */
  private outputs(values: Readonly<Record<string, string>>) {
    for (const [name, value] of Object.entries(values)) new CfnOutput(this, name, { value });
  }
}
