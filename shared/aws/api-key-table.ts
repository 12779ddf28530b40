import {
  type DynamoDBDocumentClient,
  GetCommand,
  PutCommand,
  paginateScan,
  UpdateCommand,
} from "@aws-sdk/lib-dynamodb";
import { type ApiKeyRecord, apiKeyRecord } from "../domain/api-key.ts";

export type ApiKeyTable = ReturnType<typeof createApiKeyTable>;

/**
 * API keys by their hash. The table is small (keys, not calls) and listed by people only, so a list is a
 * scan.
 */
export function createApiKeyTable(client: DynamoDBDocumentClient, tableName: string) {
  async function list(): Promise<ApiKeyRecord[]> {
    const records: ApiKeyRecord[] = [];
    for await (const page of paginateScan({ client }, { TableName: tableName })) {
      for (const item of page.Items ?? []) records.push(apiKeyRecord.parse(item));
    }
    return records.sort((a, b) => a.created_at.localeCompare(b.created_at));
  }

  return {
    /** Strongly consistent: a key that was revoked a moment ago is seen as revoked. */
    async find(keyHash: string): Promise<ApiKeyRecord | undefined> {
      const { Item } = await client.send(
        new GetCommand({ TableName: tableName, Key: { key_hash: keyHash }, ConsistentRead: true }),
      );
      return Item && apiKeyRecord.parse(Item);
    },

    async put(record: ApiKeyRecord): Promise<void> {
      await client.send(new PutCommand({ TableName: tableName, Item: record }));
    },

    /** Oldest first. */
    list,

    /**
     * @returns the revoked record, or undefined when no key has that id. Revoking twice keeps the first time.
     */
    async revoke(keyId: string, at: Date): Promise<ApiKeyRecord | undefined> {
      const record = (await list()).find((candidate) => candidate.key_id === keyId);
      if (!record) return undefined;
      const { Attributes } = await client.send(
        new UpdateCommand({
          TableName: tableName,
          Key: { key_hash: record.key_hash },
          UpdateExpression: "SET revoked_at = if_not_exists(revoked_at, :at)",
          ExpressionAttributeValues: { ":at": at.toISOString() },
          ReturnValues: "ALL_NEW",
        }),
      );
      return apiKeyRecord.parse(Attributes);
    },
  };
}
