import { nanoid } from "nanoid";
import { dynamoDb } from "../../shared/aws/clients.ts";
import { createWebhookQuota } from "../../shared/aws/webhook-quota.ts";
import { createWebhookTable } from "../../shared/aws/webhook-table.ts";
import { renewSendingVersion, renewVersion } from "../../shared/aws/webhook-version.ts";
import { endpointRules, readConfig } from "../../shared/config.ts";
import { api } from "../../shared/http/api.ts";
import { createWebhooks } from "./webhooks.ts";

const config = readConfig(
  "WEBHOOKS_TABLE",
  "DELIVERIES_TABLE",
  "ALLOW_PRIVATE_ENDPOINTS",
  "ENDPOINT_PORTS",
  "ACCOUNT_MAX_WEBHOOKS",
);
const client = dynamoDb();
const table = createWebhookTable(client, config.WEBHOOKS_TABLE);
const quota = createWebhookQuota(client, config.DELIVERIES_TABLE, {
  max: config.ACCOUNT_MAX_WEBHOOKS,
  count: table.count,
  now: () => new Date(),
});

const webhooks = createWebhooks({
  endpointRules: endpointRules(config),
  now: () => new Date(),
  newId: () => nanoid(),
  claim: quota.claim,
  release: quota.release,
  renewVersion: (account) => renewVersion(client, config.DELIVERIES_TABLE, account),
  renewSendingVersion: (account) => renewSendingVersion(client, config.DELIVERIES_TABLE, account),
  webhooks: table,
});

export const handler = api("webhooks", {
  "POST /webhooks": webhooks.register,
  "GET /webhooks": webhooks.list,
  "GET /webhooks/{hook_id}": webhooks.show,
  "PATCH /webhooks/{hook_id}": webhooks.change,
  "POST /webhooks/{hook_id}/secret": webhooks.rotateSecret,
  "DELETE /webhooks/{hook_id}": webhooks.remove,
});
