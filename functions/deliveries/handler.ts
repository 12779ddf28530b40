import { createBatchReader } from "../../shared/aws/batch-table.ts";
import { dynamoDb } from "../../shared/aws/clients.ts";
import { createDeliveryList } from "../../shared/aws/delivery-list.ts";
import { createDeliveryFinder } from "../../shared/aws/delivery-table.ts";
import { createLedgerReader } from "../../shared/aws/ledger-table.ts";
import { readConfig } from "../../shared/config.ts";
import { api } from "../../shared/http/api.ts";
import { createDeliveries } from "./deliveries.ts";

const { DELIVERIES_TABLE: tableName } = readConfig("DELIVERIES_TABLE");
const client = dynamoDb();

const deliveries = createDeliveries({
  find: createDeliveryFinder(client, tableName),
  page: createDeliveryList({
    ledger: createLedgerReader(client, tableName, Date.now),
    ...{ tableName, read: createBatchReader(client), now: Date.now },
  }),
});

export const handler = api("deliveries", {
  "GET /deliveries": deliveries.list,
  "GET /deliveries/{id}": deliveries.show,
});
