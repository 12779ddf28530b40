import { createHash } from "node:crypto";
import { type Receiver, startReceiver } from "../support/receiver.ts";

/** A POST as an endpoint saw it. */
export interface Arrival {
  readonly endpoint: string;
  readonly eventId: string;
  /** What it was answered, 2xx or not. */
  readonly status: number;
}

export interface Endpoint {
  readonly hookId: string;
  readonly url: string;
}

/** A number from 0 up to 1 that the seed and the names decide, in whatever order they are asked about. */
function share(seed: number, ...names: (string | number)[]): number {
  return (
    createHash("sha256")
      .update(JSON.stringify([seed, ...names]))
      .digest()
      .readUInt32BE() /
    2 ** 32
  );
}

/** What an endpoint answers to the nth arrival of an event. */
type Behaviour = (eventId: string, nth: number) => { status: number; delayMs?: number };

/** Longer than an endpoint may take to answer without being moved to the slow lane. */
const SLOW_ANSWER_MS = 2_500;
const SLOW_SHARE = 0.03;

/**
 * Five ways to be a receiver: retries by SQS and by schedule, giving up, and both lanes are all under way at a
 * kill. Once one of its answers was slow, what follows for that endpoint goes by the slow lane.
 */
const behaviours = (seed: number): Readonly<Record<string, Behaviour>> => ({
  healthy: () => ({ status: 200 }),
  slow: (id) => ({
    status: 200,
    delayMs: share(seed, "slow", id) < SLOW_SHARE ? SLOW_ANSWER_MS : share(seed, "late", id) * 60,
  }),
  "fails-once": (id, nth) => ({ status: nth === 1 && share(seed, "once", id) < 0.1 ? 500 : 200 }),
  "fails-twice": (id, nth) => ({ status: nth <= 2 && share(seed, "twice", id) < 0.05 ? 503 : 204 }),
  "fails-for-good": (id) => ({ status: share(seed, "good", id) < 0.02 ? 500 : 200 }),
});

/** Five endpoints on servers of their own, which remember all that came in order. */
export async function startEndpoints(seed: number) {
  const arrivals: Arrival[] = [];
  const counts = new Map<string, number>();
  const started = await Promise.all(
    Object.entries(behaviours(seed)).map(async ([hookId, behave]) => {
      const server: Receiver = await startReceiver(({ headers }) => {
        const eventId = String(headers["webhook-id"]);
        const endpoint = server.url("/");
        const nth = (counts.get(`${endpoint} ${eventId}`) ?? 0) + 1;
        counts.set(`${endpoint} ${eventId}`, nth);
        const answer = behave(eventId, nth);
        arrivals.push({ endpoint, eventId, status: answer.status });
        return answer;
      });
      return { hookId, server };
    }),
  );
  return {
    arrivals,
    endpoints: started.map(({ hookId, server }): Endpoint => ({ hookId, url: server.url("/") })),
    close: () => Promise.all(started.map(({ server }) => server.close())),
  };
}
