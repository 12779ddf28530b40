import { BatchGetCommand, type DynamoDBDocumentClient, UpdateCommand } from "@aws-sdk/lib-dynamodb";
import * as z from "zod/mini";
import { flightWindowOf, flightWindows } from "../domain/account-limits.ts";
import { log } from "../log.ts";
import { coalesce } from "./coalesce.ts";

/** A limit that cannot be looked up in this time is not enforced: it must not make a request slow, or fail. */
const PATIENCE_MS = 500;
/** Nobody waits for the answer to a landing, and one that is lost keeps its place until it is too old to count. */
const LANDING_PATIENCE_MS = 5_000;
const TTL_SECONDS = 2 * 86_400;
/** Every fan-out of an account writes: several keys share that, as 1,000 writes a second are all that one takes. */
const FLIGHT_SHARDS = 4;
const LOG_INTERVAL_MS = 60_000;

type Counter = "requests" | "accepted" | "fanned_out";
const counted = z.object({ accepted: z._default(z.number(), 0), fanned_out: z._default(z.number(), 0) });

const iso = (epochMs: number) => new Date(epochMs).toISOString();
const keyOf = (account: string, kind: string) => ({ pk: `usage#${account}#${kind}`, sk: "count" });
const flightKey = (account: string, windowStart: number, shard: number) =>
  keyOf(account, `events#${iso(windowStart)}#${shard}`);

interface Batch {
  readonly account: string;
  readonly windowStart: number;
  readonly events: number;
}

/**
 * What accounts use up, in the deliveries table: small items that expire, each on a key of its own by kind and
 * window. A count that fails is logged once a minute for each account, and is undefined.
 * @param now epoch milliseconds
 */
export function createUsageTable(client: DynamoDBDocumentClient, TableName: string, now: () => number) {
  async function add(
    Key: ReturnType<typeof keyOf>,
    counter: Counter,
    count: number,
    patienceMs = PATIENCE_MS,
  ): Promise<number> {
    const { Attributes } = await client.send(
      new UpdateCommand({
        ...{ TableName, Key },
        UpdateExpression: "ADD #counter :count SET expires_at = :expiry",
        ExpressionAttributeNames: { "#counter": counter },
        ExpressionAttributeValues: { ":count": count, ":expiry": Math.floor(now() / 1000) + TTL_SECONDS },
        ReturnValues: "UPDATED_NEW",
      }),
      { abortSignal: AbortSignal.timeout(patienceMs) },
    );
    return z.number().parse(Attributes?.[counter]);
  }

  const addToFlight = ({ account, windowStart, events }: Batch, counter: Counter, patienceMs?: number) =>
    add(
      flightKey(account, windowStart, Math.floor(Math.random() * FLIGHT_SHARDS)),
      counter,
      events,
      patienceMs,
    );

  async function inFlight(account: string): Promise<number> {
    const shards = Array.from({ length: FLIGHT_SHARDS }, (_, shard) => shard);
    const Keys = flightWindows(now()).flatMap((start) => shards.map((n) => flightKey(account, start, n)));
    const { Responses, UnprocessedKeys } = await client.send(
      new BatchGetCommand({ RequestItems: { [TableName]: { Keys, ConsistentRead: true } } }),
      { abortSignal: AbortSignal.timeout(PATIENCE_MS) },
    );
    if (Object.keys(UnprocessedKeys ?? {}).length > 0) throw new Error("DynamoDB left reads unprocessed");
    const items = (Responses?.[TableName] ?? []).map((item) => counted.parse(item));
    const sum = items.reduce((total, { accepted, fanned_out }) => total + accepted - fanned_out, 0);
    return Math.max(0, sum);
  }

  async function addAccepted(accepted: Batch): Promise<number> {
    if (accepted.events !== 0) await addToFlight(accepted, "accepted");
    return inFlight(accepted.account);
  }

  const loggedAt = new Map<string, number>();
  /** What we cannot count must not stop what we are for. */
  async function ifPossible(account: string, counting: Promise<number>): Promise<number | undefined> {
    try {
      return await counting;
    } catch (error) {
      if (now() - (loggedAt.get(account) ?? -Infinity) >= LOG_INTERVAL_MS) {
        loggedAt.set(account, now());
        log.error("usage.not_counted", error, { account });
      }
      return undefined;
    }
  }

  const land = coalesce<Batch, undefined>(async (landings) => {
    const alike = Object.values(
      Object.groupBy(landings, ({ account, windowStart }) => `${account} ${windowStart}`),
    );
    const writes = alike.flatMap((some = []) => {
      const [first] = some;
      if (!first) return [];
      const together = { ...first, events: some.reduce((sum, { events }) => sum + events, 0) };
      return ifPossible(first.account, addToFlight(together, "fanned_out", LANDING_PATIENCE_MS));
    });
    await Promise.all(writes);
    return landings.map(() => undefined);
  });

  return {
    /** @returns the requests of this window so far */
    countRequests: (account: string, windowStart: number, requests: number): Promise<number | undefined> =>
      ifPossible(account, add(keyOf(account, `requests#${iso(windowStart)}`), "requests", requests)),

    /** @param events to add; nothing is written for 0 @returns the events in flight */
    countAccepted: (account: string, windowStart: number, events: number): Promise<number | undefined> =>
      ifPossible(account, addAccepted({ account, windowStart, events })),

    /**
     * Counts events as no longer in flight. Each landing is told at once, for this process may see no other of the
     * account; those that end together share a write.
     */
    countLanded: (account: string, events: number, acceptedAt: string): Promise<undefined> =>
      land({ account, events, windowStart: flightWindowOf(Date.parse(acceptedAt)) }),
  };
}
