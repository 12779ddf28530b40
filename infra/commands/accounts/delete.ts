import type { DynamoDBDocumentClient } from "@aws-sdk/lib-dynamodb";
import { type AccountFilter, accountFilters, deliveriesKind } from "../../../shared/aws/account-data.ts";
import { renewVersion } from "../../../shared/aws/webhook-version.ts";
import { deleteItems, type RawItem, scan, timeOf } from "../items.ts";

export interface AccountTables {
  readonly apiKeys: string;
  readonly webhooks: string;
  readonly undelivered: string;
  readonly deliveries: string;
}

export interface Deletion {
  /** How many items of each kind. */
  readonly counts: ReadonlyMap<string, number>;
  /** ISO time of the latest retry that still waits on a queue or a schedule. */
  readonly lastRetryAt: string | undefined;
}

export interface DeletionDeps {
  readonly client: DynamoDBDocumentClient;
  readonly tables: AccountTables;
  readonly pace: () => Promise<void>;
  /** Only counts. */
  readonly dryRun: boolean;
}

/**
 * Deletes all that is stored of an account. Its keys go first, so that nothing new is accepted over REST; then its
 * webhooks, so that what waits on queues ends as cancelled. Events on the bus need no key: their publisher has to stop. Each step may be repeated, after a crash or to be sure.
 */
export async function deleteAccount(deps: DeletionDeps, account: string): Promise<Deletion> {
  const { client, tables } = deps;
  const counts = new Map<string, number>();
  let lastRetryAt: string | undefined;

  async function clear(
    table: string,
    filter: AccountFilter,
    keyNames: readonly [string, ...string[]],
    kindOf: (item: RawItem) => string,
  ): Promise<void> {
    // What was written a moment ago is to be found too.
    const input = { TableName: table, ConsistentRead: true, ...filter };
    await scan(client, input, deps.pace, async function clearPage(items) {
      for (const item of items) {
        const kind = kindOf(item);
        counts.set(kind, (counts.get(kind) ?? 0) + 1);
        const dueAt = timeOf(item.next_attempt_at);
        if (dueAt !== undefined && dueAt > (lastRetryAt ?? "")) lastRetryAt = dueAt;
      }
      if (!deps.dryRun)
        await deleteItems(
          client,
          table,
          items.map((item) => keyOf(item, keyNames)),
        );
    });
  }

  await clear(tables.apiKeys, accountFilters.apiKeys(account), ["key_hash"], () => "API keys");
  await clear(tables.webhooks, accountFilters.webhooks(account), ["account", "hook_id"], () => "webhooks");
  // Fan-out is to know at once; the version goes with the rest. Without webhooks nothing of it is left behind.
  if (counts.has("webhooks") && !deps.dryRun) await renewVersion(client, tables.deliveries, account);
  const undelivered = accountFilters.undelivered(account);
  await clear(tables.undelivered, undelivered, ["pk", "sk"], () => "undelivered events");
  const deliveries = accountFilters.deliveries(account);
  await clear(tables.deliveries, deliveries, ["pk", "sk"], ({ pk }) => deliveriesKind(pk?.S ?? ""));
  return { counts, lastRetryAt };
}

function keyOf(item: RawItem, names: readonly string[]): RawItem {
  return Object.fromEntries(
    names.map((name) => {
      const value = item[name];
      if (value === undefined) throw new Error(`An item has no key ${name}: is that the right table?`);
      return [name, value];
    }),
  );
}
