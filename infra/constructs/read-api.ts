import { fileURLToPath } from "node:url";
import { Construct } from "constructs";
import { ServiceFunction } from "./service-function.ts";
import type { Storage } from "./storage.ts";

const SITE_BUILD = fileURLToPath(new URL("../../functions/site/build.ts", import.meta.url));

export interface ReadApiProps {
  readonly storage: Storage;
}

/** What integrators look at: the delivery log, the pages, and whether we are up. */
export class ReadApi extends Construct {
  readonly deliveries: ServiceFunction;
  readonly site: ServiceFunction;

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

    this.site = new ServiceFunction(this, "Site", {
      name: "site",
      // Its files are built into a folder beside the bundle, where the handler looks for them.
      afterBundling: (folder) => [`"${process.execPath}" "${SITE_BUILD}" "${folder}/assets"`],
    });
  }
}
