import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { DynamoDBDocumentClient } from "@aws-sdk/lib-dynamodb";
import * as z from "zod";
import { type ApiKeyTable, createApiKeyTable } from "../../shared/aws/api-key-table.ts";
import { clientOptions, LOOPBACK, localStage } from "../local/settings.ts";
import { apiKeysTableName } from "../settings.ts";

const served = z.object({ dynamodb: z.url() });

/**
 * The key table of the local run on a port. Its DynamoDB listens on another port at each start; `/_local`
 * tells which.
 * @throws Error, in one sentence, when no local run answers there
 */
export async function localKeyTable(port: number): Promise<ApiKeyTable> {
  let endpoint: string;
  try {
    const answer = await fetch(`http://${LOOPBACK}:${port}/_local`);
    endpoint = served.parse(await answer.json()).dynamodb;
  } catch {
    throw new Error(
      `No local run answers on port ${port}: start it with npm start, set PORT, or give --stage.`,
    );
  }
  const client = new DynamoDBClient(clientOptions(endpoint));
  return createApiKeyTable(DynamoDBDocumentClient.from(client), apiKeysTableName(localStage));
}
