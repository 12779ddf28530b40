import { nanoid } from "nanoid";
import { dynamoDb } from "../../shared/aws/clients.ts";
import { createWebhookTable } from "../../shared/aws/webhook-table.ts";
import { endpointRules, readConfig } from "../../shared/config.ts";
import { api } from "../../shared/http/api.ts";
import { createSender } from "../../shared/http/send.ts";
import { userAgent } from "../../shared/version.ts";
import { createTestSend } from "./test-send.ts";

const config = readConfig("WEBHOOKS_TABLE", "ALLOW_PRIVATE_ENDPOINTS", "ENDPOINT_PORTS");
const { send } = createSender({ rules: endpointRules(config), userAgent });

const testSend = createTestSend({
  now: Date.now,
  newId: () => nanoid(),
  findWebhook: createWebhookTable(dynamoDb(), config.WEBHOOKS_TABLE).find,
  send,
});

export const handler = api("test-send", { "POST /webhooks/{hook_id}/test": testSend });
