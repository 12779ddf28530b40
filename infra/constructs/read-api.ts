import { Construct } from "constructs";
import { ServiceFunction } from "./service-function.ts";
import type { Storage } from "./storage.ts";

export interface ReadApiProps {
  readonly storage: Storage;
}

/** What integrators look at: the delivery log, and whether we are up. */
export class ReadApi extends Construct {
  readonly deliveries: ServiceFunction;
  readonly health: ServiceFunction;

  constructor(scope: Construct, id: string, { storage }: ReadApiProps) {
    super(scope, id);
    this.deliveries = new ServiceFunction(this, "Deliveries", {
      name: "deliveries",
      environment: {
        WEBHOOKS_TABLE: storage.webhooks.tableName,
        DELIVERIES_TABLE: storage.deliveries.tableName,
      },
    });
    storage.webhooks.grant(this.deliveries, "dynamodb:Query");
    storage.deliveries.grant(this.deliveries, "dynamodb:GetItem", "dynamodb:BatchGetItem", "dynamodb:Query");

    this.health = new ServiceFunction(this, "Health", { name: "health", memoryMiB: 128 });
  }
}
