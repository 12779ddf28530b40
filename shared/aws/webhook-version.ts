import { randomUUID } from "node:crypto";
import { type DynamoDBDocumentClient, UpdateCommand } from "@aws-sdk/lib-dynamodb";
import * as z from "zod/mini";
import { log } from "../log.ts";
import type { Item } from "./attributes.ts";
import type { BatchReader } from "./batch-table.ts";

/** Beside the account's count of webhooks, in the deliveries table: no list of webhooks comes across it. */
export const versionKey = (account: string) => ({ pk: `usage#${account}#webhooks`, sk: "version" });

const versionItem = z.object({
  version: z.string(),
  /** Of what only sending needs to know. */
  sending_version: z.optional(z.string()),
});

/**
 * Which state an account's webhooks are in, as far as fan-out needs to know. Strongly consistent; look-ups made
 * together share a request.
 * @param deps.tableName of the deliveries table
 * @returns undefined for an account whose webhooks were last written before there were versions
 */
export const createVersionReader =
  (deps: { readonly read: BatchReader; readonly tableName: string }) =>
  async (account: string): Promise<string | undefined> => {
    const item = await deps.read({ table: deps.tableName, key: versionKey(account) });
    return item && versionItem.parse(item).version;
  };

/**
 * Which state an account's webhooks are in: another after every write to one of them.
 * @returns undefined when nobody can tell, be it that the item cannot be read
 */
export function readState(item: Item | undefined): string | undefined {
  const { data } = versionItem.safeParse(item);
  return data && `${data.version} ${data.sending_version ?? ""}`;
}

/**
 * Gives an account's webhooks a new version, once they were written and before anybody is told so. One that cannot
 * be given is logged: the webhooks are written, and fan-out and sending see them a little later.
 * @param TableName of the deliveries table
 */
export const renewVersion = (client: DynamoDBDocumentClient, TableName: string, account: string) =>
  renew(client, TableName, account, "SET version = :version");

/** The same for what fan-out need not know: secrets, and what became of endpoints. It reads no list anew for that. */
export const renewSendingVersion = (client: DynamoDBDocumentClient, TableName: string, account: string) =>
  renew(
    client,
    TableName,
    account,
    "SET sending_version = :version, version = if_not_exists(version, :version)",
  );

async function renew(
  client: DynamoDBDocumentClient,
  TableName: string,
  account: string,
  UpdateExpression: string,
): Promise<void> {
  try {
    await client.send(
      new UpdateCommand({
        ...{ TableName, Key: versionKey(account), UpdateExpression },
        // No number: a deleted item would begin anew, and have a version twice.
        ExpressionAttributeValues: { ":version": randomUUID() },
      }),
    );
  } catch (error) {
    log.error("webhooks.version_not_renewed", error, { account });
  }
}
