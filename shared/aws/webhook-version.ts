import { randomUUID } from "node:crypto";
import { type DynamoDBDocumentClient, UpdateCommand } from "@aws-sdk/lib-dynamodb";
import * as z from "zod";
import { log } from "../log.ts";
import type { BatchReader } from "./batch-table.ts";

/** Beside the account's count of webhooks, in the deliveries table: no list of webhooks comes across it. */
const versionKey = (account: string) => ({ pk: `usage#${account}#webhooks`, sk: "version" });

const versionItem = z.object({ version: z.string() });

/**
 * Which state an account's webhooks are in. Strongly consistent; look-ups made together share a request.
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
 * Gives an account's webhooks a new version, once they were written and before anybody is told so. One that cannot
 * be given is logged: the webhooks are written, and fan-out sees them a little later.
 * @param TableName of the deliveries table
 */
export async function renewVersion(
  client: DynamoDBDocumentClient,
  TableName: string,
  account: string,
): Promise<void> {
  try {
    await client.send(
      new UpdateCommand({
        ...{ TableName, Key: versionKey(account) },
        UpdateExpression: "SET version = :version",
        // No number: a deleted item would begin anew, and have a version twice.
        ExpressionAttributeValues: { ":version": randomUUID() },
      }),
    );
  } catch (error) {
    log.error("webhooks.version_not_renewed", error, { account });
  }
}
