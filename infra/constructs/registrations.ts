import { Duration } from "aws-cdk-lib";
import { Construct } from "constructs";
import type { StackSettings } from "../settings.ts";
import { lookUpsSideBySide, ServiceFunction } from "./service-function.ts";
import type { StaticEgress } from "./static-egress.ts";
import type { Storage } from "./storage.ts";

/** One exchange of 10 s with every endpoint at the same time; API Gateway waits for 29 s. */
const TEST_SEND_TIMEOUT = Duration.seconds(20);

export interface RegistrationsProps {
  readonly storage: Storage;
  readonly settings: StackSettings;
  readonly egress: StaticEgress | undefined;
}

/** Who may call, and the webhooks they have registered. */
export class Registrations extends Construct {
  readonly authorizer: ServiceFunction;
  readonly webhooks: ServiceFunction;
  readonly testSend: ServiceFunction;

  constructor(scope: Construct, id: string, { storage, settings, egress }: RegistrationsProps) {
    super(scope, id);
    this.authorizer = new ServiceFunction(this, "Authorizer", {
      name: "authorizer",
      settings,
      environment: {
        API_KEYS_TABLE: storage.apiKeys.tableName,
        DELIVERIES_TABLE: storage.deliveries.tableName,
        ACCOUNT_MAX_REQUESTS_PER_SECOND: String(settings.accountLimits.requestsPerSecond),
      },
    });
    storage.grant(this.authorizer, storage.apiKeys, "GetItem");
    storage.grant(this.authorizer, storage.deliveries, "UpdateItem");

    this.webhooks = new ServiceFunction(this, "Webhooks", {
      name: "webhooks",
      settings,
      environment: {
        WEBHOOKS_TABLE: storage.webhooks.tableName,
        DELIVERIES_TABLE: storage.deliveries.tableName,
        ALLOW_PRIVATE_ENDPOINTS: String(settings.allowPrivateEndpoints),
        ACCOUNT_MAX_WEBHOOKS: String(settings.accountLimits.webhooks),
        ENDPOINT_PORTS: settings.endpointPorts.join(","),
      },
    });
    storage.grant(this.webhooks, storage.deliveries, "UpdateItem");
    storage.grant(
      this.webhooks,
      storage.webhooks,
      ...["GetItem", "Query", "PutItem", "UpdateItem", "DeleteItem"],
    );

    this.testSend = new ServiceFunction(this, "TestSend", {
      name: "test-send",
      settings,
      egress,
      timeout: TEST_SEND_TIMEOUT,
      environment: {
        ...lookUpsSideBySide,
        WEBHOOKS_TABLE: storage.webhooks.tableName,
        ALLOW_PRIVATE_ENDPOINTS: String(settings.allowPrivateEndpoints),
        ENDPOINT_PORTS: settings.endpointPorts.join(","),
      },
    });
    storage.grant(this.testSend, storage.webhooks, "GetItem");
  }
}
