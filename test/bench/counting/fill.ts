import { nanoid } from "nanoid";
import { Pool } from "undici";
import * as z from "zod";
import type { CountedStage } from "./stage.ts";

/** The most that a BatchWriteItem takes (API reference). */
const WRITES = 25;
const CONNECTIONS = 8;
const CANDIDATES = 50;

const text = z.object({ S: z.string() });
const item = z.looseObject({ pk: text, sk: text, status: text.optional() });
const page = z.object({ Items: z.array(item) });
const written = z.object({ UnprocessedItems: z.record(z.string(), z.unknown()) });

/**
 * Stores so many deliveries more, each like one that the product has stored. Without the SDK, which would take longer
 * than the table does. @throws when no delivery is stored, or not all could be
 */
export async function fillDeliveries({ dynamoDbUrl, table }: CountedStage, count: number): Promise<void> {
  const name = table("Deliveries");
  const pool = new Pool(dynamoDbUrl, { connections: CONNECTIONS, pipelining: 1 });

  async function call(operation: string, request: object): Promise<unknown> {
    const headers = {
      "content-type": "application/x-amz-json-1.0",
      "x-amz-target": `DynamoDB_20120810.${operation}`,
      // The embedded service wants some and checks none.
      "x-amz-date": "20261124T120000Z",
      authorization: "AWS4-HMAC-SHA256 Credential=local, SignedHeaders=host, Signature=none",
    };
    const answer = await pool.request({ method: "POST", path: "/", headers, body: JSON.stringify(request) });
    if (answer.statusCode !== 200) throw new Error(`${operation} answered ${await answer.body.text()}`);
    return answer.body.json();
  }

  let left = count;
  async function writer(like: z.infer<typeof item>) {
    while (left > 0) {
      const size = Math.min(WRITES, left);
      left -= size;
      const puts = Array.from({ length: size }, () => {
        const id = { S: nanoid(like.pk.S.length) };
        return { PutRequest: { Item: { ...like, pk: id, id } } };
      });
      const answer = written.parse(await call("BatchWriteItem", { RequestItems: { [name]: puts } }));
      if (Object.keys(answer.UnprocessedItems).length > 0) throw new Error("Not all could be stored");
    }
  }

  try {
    const { Items } = page.parse(await call("Scan", { TableName: name, Limit: CANDIDATES }));
    const like = Items.find(({ status }) => status?.S === "delivered");
    if (!like) throw new Error("No delivery is stored yet");
    await Promise.all(Array.from({ length: CONNECTIONS }, () => writer(like)));
  } finally {
    await pool.close();
  }
}
