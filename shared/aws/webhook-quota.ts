import { DeleteCommand, type DynamoDBDocumentClient, UpdateCommand } from "@aws-sdk/lib-dynamodb";
import * as z from "zod/mini";
import { log } from "../log.ts";
import { whenConditionHolds } from "./conditional.ts";

/**
 * How long a claim may be under way, far beyond the function's timeout: after that its webhook is there, or never
 * will be. Also how often an account that is full is counted anew, as that reads all its webhooks.
 */
const SETTLED_AFTER_MS = 60_000;

const quotaKey = (account: string) => ({ pk: `usage#${account}#webhooks`, sk: "count" });

/** Makes the next registration count an account's webhooks anew: for who writes some without claiming a place. */
export async function forgetWebhookCount(client: DynamoDBDocumentClient, TableName: string, account: string) {
  await client.send(new DeleteCommand({ TableName, Key: quotaKey(account) }));
}

const quotaItem = z.object({ webhooks: z.optional(z.number()) });

/**
 * How many webhooks accounts have, in an item for each in the deliveries table. It does not expire.
 * @param deps.count how many an account really has
 */
export function createWebhookQuota(
  client: DynamoDBDocumentClient,
  TableName: string,
  deps: {
    readonly max: number;
    readonly count: (account: string) => Promise<number>;
    readonly now: () => Date;
  },
) {
  const item = (account: string) => ({ TableName, Key: quotaKey(account) });
  const settled = () => new Date(deps.now().getTime() - SETTLED_AFTER_MS).toISOString();

  const takePlace = (account: string) =>
    whenConditionHolds(
      client.send(
        new UpdateCommand({
          ...item(account),
          UpdateExpression: "ADD webhooks :one SET claimed_at = :now",
          ConditionExpression: "webhooks < :max",
          ExpressionAttributeValues: { ":one": 1, ":max": deps.max, ":now": deps.now().toISOString() },
        }),
      ),
    );

  /** @returns what is stored, if it is this caller's turn to count; everyone's, while there is no count yet */
  async function takeTurn(account: string): Promise<z.infer<typeof quotaItem> | undefined> {
    let stored: unknown;
    const isOurTurn = await whenConditionHolds(
      client
        .send(
          new UpdateCommand({
            ...item(account),
            UpdateExpression: "SET recounted_at = :now",
            ConditionExpression:
              "attribute_not_exists(webhooks) OR " +
              "((attribute_not_exists(recounted_at) OR recounted_at < :settled) AND " +
              "(attribute_not_exists(claimed_at) OR claimed_at < :settled))",
            ExpressionAttributeValues: { ":now": deps.now().toISOString(), ":settled": settled() },
            ReturnValues: "ALL_NEW",
          }),
        )
        .then(({ Attributes }) => {
          stored = Attributes;
        }),
    );
    return isOurTurn ? quotaItem.parse(stored) : undefined;
  }

  /** Corrects the count, unless it was changed since it was read, as by a claim: that would be forgotten. */
  async function recount(account: string): Promise<void> {
    const before = await takeTurn(account);
    if (!before) return;
    const real = await deps.count(account);
    const isNew = before.webhooks === undefined;
    await whenConditionHolds(
      client.send(
        new UpdateCommand({
          ...item(account),
          UpdateExpression: "SET webhooks = :real",
          ConditionExpression: isNew
            ? "attribute_not_exists(webhooks)"
            : "webhooks = :before AND (attribute_not_exists(claimed_at) OR claimed_at < :settled)",
          ExpressionAttributeValues: {
            ":real": real,
            ...(!isNew && { ":before": before.webhooks, ":settled": settled() }),
          },
        }),
      ),
    );
  }

  return {
    /**
     * Takes one of the webhooks that an account may have. One that was lost in a crash is found again about a
     * minute later, when the account seems to be full.
     * @returns false when the account has as many as it may
     */
    async claim(account: string): Promise<boolean> {
      if (await takePlace(account)) return true;
      await recount(account);
      // Also when another did the counting: of a new account's first webhooks, all but one meet that.
      return takePlace(account);
    },

    /** Gives back what was claimed. Should that be lost, a recount finds out. */
    async release(account: string): Promise<void> {
      try {
        await whenConditionHolds(
          client.send(
            new UpdateCommand({
              ...item(account),
              UpdateExpression: "ADD webhooks :less",
              ConditionExpression: "webhooks > :none",
              ExpressionAttributeValues: { ":less": -1, ":none": 0 },
            }),
          ),
        );
      } catch (error) {
        log.error("usage.not_counted", error, { account });
      }
    },
  };
}
