import { isDeepStrictEqual } from "node:util";
import { type DynamoDBDocumentClient, GetCommand, PutCommand } from "@aws-sdk/lib-dynamodb";
import { whenConditionHolds } from "../../../shared/aws/conditional.ts";
import { forgetWebhookCount } from "../../../shared/aws/webhook-quota.ts";
import { renewVersion } from "../../../shared/aws/webhook-version.ts";
import { chunks } from "../../../shared/domain/chunks.ts";
import { nameOf, type Registration, toItem, toRegistration } from "./file.ts";

const MAX_AT_ONCE = 20;

export const outcomes = ["created", "replaced", "the same already", "left as it is"] as const;
export type Outcome = (typeof outcomes)[number];

export interface ImportDeps {
  readonly client: DynamoDBDocumentClient;
  readonly webhooksTable: string;
  readonly deliveriesTable: string;
  /** Whether a registration that is there and differs is replaced. */
  readonly replace: boolean;
  readonly report: (name: string, outcome: Outcome) => void;
}

/** Writes registrations, each whole or not at all. Doing it twice changes nothing. */
export async function importRegistrations(
  deps: ImportDeps,
  registrations: readonly Registration[],
): Promise<void> {
  const { client, webhooksTable: TableName } = deps;

  async function isStored(registration: Registration): Promise<boolean> {
    const { account, hook_id } = registration;
    const { Item } = await client.send(
      new GetCommand({ TableName, Key: { account, hook_id }, ConsistentRead: true }),
    );
    if (Item === undefined) return false;
    // What cannot be read is not the same.
    return isDeepStrictEqual(comparable(Item), comparable(toItem(registration)));
  }

  async function write(registration: Registration): Promise<Outcome> {
    const put = { TableName, Item: toItem(registration) };
    const condition = { ConditionExpression: "attribute_not_exists(hook_id)" };
    if (await whenConditionHolds(client.send(new PutCommand({ ...put, ...condition })))) return "created";
    if (await isStored(registration)) return "the same already";
    if (!deps.replace) return "left as it is";
    await client.send(new PutCommand(put));
    return "replaced";
  }

  const accounts = [...new Set(registrations.map(({ account }) => String(account)))];
  async function forgetCounts() {
    for (const account of accounts) await forgetWebhookCount(client, deps.deliveriesTable, account);
  }
  // Before, in case a crash comes between; and after, in case somebody registered meanwhile.
  await forgetCounts();
  for (const some of chunks(registrations, MAX_AT_ONCE)) {
    const done = await Promise.all(some.map(write));
    for (const [index, outcome] of done.entries()) deps.report(nameOf(some[index] ?? {}), outcome);
  }
  await forgetCounts();
  for (const account of accounts) await renewVersion(client, deps.deliveriesTable, account);
}

function comparable(item: Readonly<Record<string, unknown>>): unknown {
  try {
    return toRegistration(item);
  } catch {
    return undefined;
  }
}
