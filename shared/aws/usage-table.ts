import { type DynamoDBDocumentClient, QueryCommand, UpdateCommand } from "@aws-sdk/lib-dynamodb";
import * as z from "zod";
import { FLIGHT_HORIZON_MS } from "../domain/account-limits.ts";
import { log } from "../log.ts";
import { whenConditionHolds } from "./conditional.ts";

/** A limit that cannot be looked up in this time is not enforced: it must not make a request slow, or fail. */
const PATIENCE_MS = 500;
const TTL_SECONDS = 2 * 86_400;
const FLIGHT_WINDOW_MS = 60_000;

type Counter = "requests" | "accepted" | "fanned_out";
const counted = z.object({ accepted: z.number().default(0), fanned_out: z.number().default(0) });

const iso = (epochMs: number) => new Date(epochMs).toISOString();

/**
 * What accounts use, in the deliveries table: a few small items for each account, which expire.
 * @param now epoch milliseconds
 */
export function createUsageTable(client: DynamoDBDocumentClient, tableName: string, now: () => number) {
  const key = (account: string, sk: string) => ({
    TableName: tableName,
    Key: { pk: `usage#${account}`, sk },
  });

  async function add(account: string, sk: string, counter: Counter, count: number): Promise<number> {
    const { Attributes } = await client.send(
      new UpdateCommand({
        ...key(account, sk),
        UpdateExpression: "ADD #counter :count SET expires_at = :expiry",
        ExpressionAttributeNames: { "#counter": counter },
        ExpressionAttributeValues: { ":count": count, ":expiry": Math.floor(now() / 1000) + TTL_SECONDS },
        ReturnValues: "UPDATED_NEW",
      }),
      { abortSignal: AbortSignal.timeout(PATIENCE_MS) },
    );
    return z.number().parse(Attributes?.[counter]);
  }

  async function inFlight(account: string): Promise<number> {
    const { Items = [] } = await client.send(
      new QueryCommand({
        TableName: tableName,
        KeyConditionExpression: "pk = :pk AND sk BETWEEN :from AND :to",
        ExpressionAttributeValues: {
          ":pk": `usage#${account}`,
          ":from": `events#${iso(now() - FLIGHT_HORIZON_MS)}`,
          ":to": "events#~",
        },
      }),
      { abortSignal: AbortSignal.timeout(PATIENCE_MS) },
    );
    const windows = Items.map((item) => counted.parse(item));
    return Math.max(
      0,
      windows.reduce((sum, { accepted, fanned_out }) => sum + accepted - fanned_out, 0),
    );
  }

  const flightWindow = () => `events#${iso(now() - (now() % FLIGHT_WINDOW_MS))}`;

  /** What we cannot count must not stop what we are for. */
  async function orNothing(account: string, counting: Promise<number>): Promise<number> {
    try {
      return await counting;
    } catch (error) {
      log.error("usage.not_counted", error, { account });
      return 0;
    }
  }

  return {
    /** @returns the requests of this window so far */
    countRequests: (account: string, windowStart: number, requests: number): Promise<number> =>
      orNothing(account, add(account, `requests#${iso(windowStart)}`, "requests", requests)),

    /** @returns the events in flight */
    countAccepted: (account: string, events: number): Promise<number> =>
      orNothing(
        account,
        add(account, flightWindow(), "accepted", events).then(() => inFlight(account)),
      ),

    countFannedOut: (account: string, events: number): Promise<number> =>
      orNothing(account, add(account, flightWindow(), "fanned_out", events)),

    /**
     * Takes one of the webhooks that an account may have. The count is made anew when it says that all are taken,
     * or says nothing, so that one lost in a crash is found again.
     * @param countNow how many there really are
     * @returns false when the account has as many as it may
     */
    async claimWebhook(account: string, max: number, countNow: () => Promise<number>): Promise<boolean> {
      const claim = () =>
        whenConditionHolds(
          client.send(
            new UpdateCommand({
              ...key(account, "webhooks"),
              UpdateExpression: "ADD webhooks :one",
              ConditionExpression: "webhooks < :max",
              ExpressionAttributeValues: { ":one": 1, ":max": max },
            }),
          ),
        );
      if (await claim()) return true;
      await client.send(
        new UpdateCommand({
          ...key(account, "webhooks"),
          UpdateExpression: "SET webhooks = :count",
          ExpressionAttributeValues: { ":count": await countNow() },
        }),
      );
      return claim();
    },

    /** Gives back what was claimed. Should that be lost, the next recount finds out. */
    async releaseWebhook(account: string): Promise<void> {
      const release = whenConditionHolds(
        client.send(
          new UpdateCommand({
            ...key(account, "webhooks"),
            UpdateExpression: "ADD webhooks :less",
            ConditionExpression: "webhooks > :none",
            ExpressionAttributeValues: { ":less": -1, ":none": 0 },
          }),
        ),
      );
      await orNothing(account, release.then(Number));
    },
  };
}
