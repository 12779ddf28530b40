import {
  DeleteCommand,
  type DynamoDBDocumentClient,
  GetCommand,
  PutCommand,
  paginateQuery,
  QueryCommand,
  UpdateCommand,
} from "@aws-sdk/lib-dynamodb";
import { type SlowMark, type Webhook, type WebhookChange, webhook } from "../domain/webhook.ts";
import type { Item } from "./attributes.ts";
import { wasRepeated, whenConditionHolds } from "./conditional.ts";
import { type OnUnreadable, readable } from "./readable.ts";

/** Messages of a batch that are for one webhook get one item, which is then read once. */
const webhooksRead = new WeakMap<Item, Webhook>();

/**
 * The stored item as a webhook. `disabled_urls` is a DynamoDB string set, which cannot be empty and may be
 * absent.
 */
export function readWebhook(item: Item): Webhook {
  const known = webhooksRead.get(item);
  if (known) return known;
  const { disabled_urls } = item;
  const read = webhook.parse({
    ...item,
    ...(disabled_urls instanceof Set && { disabled_urls: [...disabled_urls] }),
  });
  webhooksRead.set(item, read);
  return read;
}

/** Registrations by (account, hook_id): every look-up names the account, so none can reach another's. */
export function createWebhookTable(client: DynamoDBDocumentClient, tableName: string) {
  const key = (account: string, hookId: string) => ({
    TableName: tableName,
    Key: { account, hook_id: hookId },
  });
  const ofAccount = (account: string) => ({
    TableName: tableName,
    KeyConditionExpression: "account = :account",
    ExpressionAttributeValues: { ":account": account },
  });

  async function find(account: string, hookId: string): Promise<Webhook | undefined> {
    const { Item } = await client.send(new GetCommand({ ...key(account, hookId), ConsistentRead: true }));
    return Item && readWebhook(Item);
  }

  async function queryAll(account: string): Promise<Item[]> {
    const query = { ...ofAccount(account), ConsistentRead: true };
    const found: Item[] = [];
    for await (const { Items = [] } of paginateQuery({ client }, query)) found.push(...Items);
    return found;
  }

  return {
    find,

    /**
     * All of an account's webhooks. Strongly consistent: one registered a moment ago gets the next event.
     * @param onUnreadable is told of each that is stored but cannot be read
     */
    async all(account: string, onUnreadable?: OnUnreadable): Promise<Webhook[]> {
      return readable(await queryAll(account), readWebhook, onUnreadable);
    },

    /** The ids of an account's webhooks; undefined when there are more than `max`. */
    async ids(account: string, max: number): Promise<string[] | undefined> {
      const found: string[] = [];
      const query = { ...ofAccount(account), ProjectionExpression: "hook_id", Limit: max + 1 };
      for await (const { Items = [] } of paginateQuery({ client }, query)) {
        found.push(...Items.map(({ hook_id }) => String(hook_id)));
        if (found.length > max) return undefined;
      }
      return found;
    },

    async count(account: string): Promise<number> {
      let total = 0;
      const query = { ...ofAccount(account), Select: "COUNT" as const, ConsistentRead: true };
      for await (const { Count = 0 } of paginateQuery({ client }, query)) total += Count;
      return total;
    },

    /** In order of hook_id. @param after the hook_id that the page before ended with */
    async page(account: string, limit: number, after?: string): Promise<{ items: Webhook[]; last?: string }> {
      const { Items = [], LastEvaluatedKey } = await client.send(
        new QueryCommand({
          ...ofAccount(account),
          Limit: limit,
          ...(after !== undefined && { ExclusiveStartKey: { account, hook_id: after } }),
        }),
      );
      const items = readable(Items, readWebhook);
      return { items, ...(LastEvaluatedKey && { last: String(LastEvaluatedKey.hook_id) }) };
    },

    /** @returns false when the account has a webhook with that id already */
    create({ disabled_urls: _, ...registered }: Webhook): Promise<boolean> {
      return whenConditionHolds(
        client.send(
          new PutCommand({
            TableName: tableName,
            Item: registered,
            ConditionExpression: "attribute_not_exists(hook_id)",
          }),
        ),
        async () =>
          (await find(registered.account, registered.hook_id))?.registration === registered.registration,
      );
    },

    /**
     * Sets the fields given. New URLs, or the status `active`, also bring back endpoints that answered 410
     * Gone.
     * @returns undefined when there is none
     */
    async change(account: string, hookId: string, fields: WebhookChange): Promise<Webhook | undefined> {
      const names = Object.keys(fields);
      let changed: Readonly<Record<string, unknown>> | undefined;
      const exists = await whenConditionHolds(
        client
          .send(
            new UpdateCommand({
              ...key(account, hookId),
              UpdateExpression:
                `SET ${names.map((name) => `#${name} = :${name}`).join(", ")}` +
                (fields.status === "active" || fields.urls ? " REMOVE disabled_urls" : ""),
              ConditionExpression: "attribute_exists(hook_id)",
              ExpressionAttributeNames: Object.fromEntries(names.map((name) => [`#${name}`, name])),
              ExpressionAttributeValues: Object.fromEntries(
                Object.entries(fields).map(([n, v]) => [`:${n}`, v]),
              ),
              ReturnValues: "ALL_NEW",
            }),
          )
          .then(({ Attributes }) => {
            changed = Attributes;
          }),
      );
      return exists && changed ? readWebhook(changed) : undefined;
    },

    /** Replaces the secrets, if the newest is still the one that was read. @returns false when it is not */
    replaceSecrets(before: Webhook, secrets: Webhook["secrets"], updatedAt: string): Promise<boolean> {
      return whenConditionHolds(
        client.send(
          new UpdateCommand({
            ...key(before.account, before.hook_id),
            UpdateExpression: "SET secrets = :secrets, updated_at = :updatedAt",
            ConditionExpression: "secrets[0].secret = :newest",
            ExpressionAttributeValues: {
              ":secrets": secrets,
              ":newest": before.secrets[0]?.secret,
              ":updatedAt": updatedAt,
            },
          }),
        ),
        async () => {
          const newest = (await find(before.account, before.hook_id))?.secrets[0]?.secret;
          return newest === secrets[0]?.secret;
        },
      );
    },

    /** @returns false when there is none */
    remove(account: string, hookId: string): Promise<boolean> {
      return whenConditionHolds(
        client.send(
          new DeleteCommand({ ...key(account, hookId), ConditionExpression: "attribute_exists(hook_id)" }),
        ),
        wasRepeated,
      );
    },

    /**
     * Marks endpoints as slow, if the registration is still the same one. Of two marks at once one is lost.
     * @returns false when it is not
     */
    markSlow(of: Pick<Webhook, "account" | "hook_id" | "registration">, mark: SlowMark): Promise<boolean> {
      return whenConditionHolds(
        client.send(
          new UpdateCommand({
            ...key(of.account, of.hook_id),
            UpdateExpression: "SET slow_urls = :urls",
            ConditionExpression: "registration = :registration",
            ExpressionAttributeValues: {
              ":urls": mark.slow_urls,
              ":registration": of.registration,
            },
          }),
        ),
      );
    },

    /**
     * Disables one endpoint, if the registration is still the same one. Doing it twice is harmless.
     * @returns false when it is not
     */
    disableEndpoint(
      of: Pick<Webhook, "account" | "hook_id" | "registration"> & { url: string },
    ): Promise<boolean> {
      return whenConditionHolds(
        client.send(
          new UpdateCommand({
            ...key(of.account, of.hook_id),
            UpdateExpression: "ADD disabled_urls :urls",
            ConditionExpression: "registration = :registration",
            ExpressionAttributeValues: { ":urls": new Set([of.url]), ":registration": of.registration },
          }),
        ),
      );
    },
  };
}
