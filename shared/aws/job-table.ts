import { randomUUID } from "node:crypto";
import { type DynamoDBDocumentClient, GetCommand, PutCommand } from "@aws-sdk/lib-dynamodb";
import { type RedeliveryJob, redeliveryJob } from "../domain/redelivery-job.ts";
import { whenConditionHolds } from "./conditional.ts";

const TTL_SECONDS = 30 * 86_400;
/** Jobs stand in the deliveries table, beside what they are about, and expire like it. */
const jobKey = (id: string) => ({ pk: `job#${id}`, sk: "job" });

export function createJobTable(client: DynamoDBDocumentClient, tableName: string) {
  async function read(id: string): Promise<Readonly<Record<string, unknown>> | undefined> {
    const { Item } = await client.send(
      new GetCommand({ TableName: tableName, Key: jobKey(id), ConsistentRead: true }),
    );
    return Item;
  }

  async function find(id: string): Promise<RedeliveryJob | undefined> {
    const item = await read(id);
    return item && redeliveryJob.parse(item);
  }

  function put(job: RedeliveryJob, condition: { expression: string; values?: Record<string, unknown> }) {
    // Tells our own write, met again by its repetition, from another's.
    const change_id = randomUUID();
    const Item = {
      ...jobKey(job.job_id),
      ...job,
      change_id,
      expires_at: Math.floor(Date.parse(job.updated_at) / 1000) + TTL_SECONDS,
    };
    return whenConditionHolds(
      client.send(
        new PutCommand({
          TableName: tableName,
          Item,
          ConditionExpression: condition.expression,
          ...(condition.values && { ExpressionAttributeValues: condition.values }),
        }),
      ),
      async () => (await read(job.job_id))?.change_id === change_id,
    );
  }

  return {
    find,

    /** One that is there already stays as it is. */
    async create(job: RedeliveryJob): Promise<void> {
      await put(job, { expression: "attribute_not_exists(pk)" });
    },

    /**
     * Stores the next version of a job.
     * @returns it, or undefined when somebody else has changed the job since it was read
     */
    async change(job: RedeliveryJob, fields: Partial<RedeliveryJob>): Promise<RedeliveryJob | undefined> {
      const changed = { ...job, ...fields, version: job.version + 1 };
      const condition = { expression: "version = :version", values: { ":version": job.version } };
      return (await put(changed, condition)) ? changed : undefined;
    },
  };
}
