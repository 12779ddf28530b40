import { CfnOutput, Stack } from "aws-cdk-lib";
import type { Construct } from "constructs";
import { Api } from "./constructs/api.ts";
import { Delivery } from "./constructs/delivery.ts";
import { Ingest } from "./constructs/ingest.ts";
import { ReadApi } from "./constructs/read-api.ts";
import { Redelivery } from "./constructs/redelivery.ts";
import { Registrations } from "./constructs/registrations.ts";
import { Storage } from "./constructs/storage.ts";
import type { StackSettings } from "./settings.ts";

/** Composes the capabilities; owns no resource of its own. */
export class WebhooksStack extends Stack {
  constructor(scope: Construct, id: string, settings: StackSettings) {
    super(scope, id, { description: `claimr webhooks, stage ${settings.stage}` });

    const storage = new Storage(this, "Storage", settings);
    const registrations = new Registrations(this, "Registrations", { storage, settings });
    const delivery = new Delivery(this, "Delivery", { storage, settings });
    const ingest = new Ingest(this, "Ingest", {
      storage,
      delivery,
      settings,
    });
    const redelivery = new Redelivery(this, "Redelivery", {
      storage,
      delivery,
      settings,
    });
    const read = new ReadApi(this, "ReadApi", { storage });
    const api = new Api(this, "Api", {
      authorizer: registrations.authorizer,
      functions: {
        webhooks: registrations.webhooks,
        "test-send": registrations.testSend,
        events: ingest.events,
        deliveries: read.deliveries,
        undelivered: redelivery.undelivered,
        site: read.site,
      },
    });

    this.outputs({
      ApiUrl: api.url,
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
