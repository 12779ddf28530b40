import { fileURLToPath } from "node:url";
import { Construct } from "constructs";
import type { StackSettings } from "../settings.ts";
import { ServiceFunction } from "./service-function.ts";
import type { Storage } from "./storage.ts";

const SITE_BUILD = fileURLToPath(new URL("../../functions/site/build.ts", import.meta.url));

export interface ReadApiProps {
  readonly storage: Storage;
  readonly settings: StackSettings;
}

/** What integrators look at: the deliveries, the pages, and whether we are up. */
export class ReadApi extends Construct {
  readonly deliveries: ServiceFunction;
  readonly site: ServiceFunction;

  constructor(scope: Construct, id: string, { storage, settings }: ReadApiProps) {
    super(scope, id);
    this.deliveries = new ServiceFunction(this, "Deliveries", {
      name: "deliveries",
      settings,
      // A webhook that few of a busy account's events are for is looked for in thousands of ledger entries.
      memoryMiB: 512,
      environment: { DELIVERIES_TABLE: storage.deliveries.tableName },
    });
    storage.grant(this.deliveries, storage.deliveries, "GetItem", "BatchGetItem", "Query");

    this.site = new ServiceFunction(this, "Site", {
      name: "site",
      settings,
      // Its files are built into a folder beside the bundle, where the handler looks for them.
      addFiles: (folder) => [SITE_BUILD, `${folder}/assets`],
    });
  }
}
