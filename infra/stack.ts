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

export const stackName = (stage: string) => `claimr-webhooks-${stage}`;

/** Composes the capabilities; owns no resource of its own. */
export class WebhooksStack extends Stack {
  constructor(scope: Construct, id: string, settings: StackSettings) {
    super(scope, id, { description: `claimr webhooks, stage ${settings.stage}` });

    const storage = new Storage(this, "Storage", settings);
    const registrations = new Registrations(this, "Registrations", { storage, settings });
    const delivery = new Delivery(this, "Delivery", { storage, settings });
    const ingest = new Ingest(this, "Ingest", { storage, deliveries: delivery.deliveries });
    const redelivery = new Redelivery(this, "Redelivery", {
      storage,
      deliveries: delivery.deliveries,
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

    new CfnOutput(this, "ApiUrl", { value: api.url });
    new CfnOutput(this, "EventBusName", { value: ingest.bus.eventBusName });
    new CfnOutput(this, "ApiKeysTable", { value: storage.apiKeys.tableName });
  }
}
