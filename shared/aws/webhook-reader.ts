import type { GroupReader } from "./batch-table.ts";
import { readWebhook } from "./webhook-table.ts";
import { readState, versionKey } from "./webhook-version.ts";

/**
 * Single webhooks and their accounts' states, strongly consistent. Each look-up is one read of the reader, which
 * shares a request among those made together.
 */
export function createWebhookReader(
  read: GroupReader,
  tables: { readonly webhooks: string; readonly deliveries: string },
) {
  const webhookAt = (account: string, hook_id: string) => ({
    table: tables.webhooks,
    key: { account, hook_id },
  });
  const stateAt = (account: string) => ({ table: tables.deliveries, key: versionKey(account) });

  return {
    async find(account: string, hookId: string) {
      const [item] = await read([webhookAt(account, hookId)]);
      return item && readWebhook(item);
    },

    async stateOf(account: string) {
      const [item] = await read([stateAt(account)]);
      return readState(item);
    },

    async findWithState(account: string, hookId: string) {
      const [item, version] = await read([webhookAt(account, hookId), stateAt(account)]);
      return { webhook: item && readWebhook(item), state: readState(version) };
    },
  };
}
