import type { Arrival, Endpoint } from "./endpoints.ts";
import { deliveryKey, type Life, type Lives } from "./lives.ts";
import type { Ledger } from "./settle.ts";
import { ATTEMPTS } from "./victim.ts";

/** A life in which so many arrived is long enough for some of them to have been recorded. */
const MANY_ARRIVALS = 200;
/** Of all that arrived, so much was recorded in the life that it arrived in. */
const MOST = 0.5;
/** Fewer kills, or deliveries, may all come before the first slow answer has marked its endpoint. */
const ENOUGH_FOR_BOTH_LANES = { kills: 5, deliveries: 2_000 };

export interface Judged {
  /** Deliveries that an endpoint took, and that it refused to the last. */
  readonly taken: number;
  readonly refused: number;
  /** Deliveries that an endpoint took more than once. */
  readonly duplicates: number;
  readonly lost: readonly string[];
  /** Taken more than once, without having been in flight at a kill. */
  readonly unexplained: readonly string[];
  /** Refused deliveries that were tried more or less often than the policy and the kills explain. */
  readonly miscounted: readonly string[];
}

const isTaken = ({ status }: Arrival) => status >= 200 && status <= 299;
const add = (counts: Map<string, number>, key: string) => counts.set(key, (counts.get(key) ?? 0) + 1);

/** Compares what was accepted with what the endpoints saw. */
export function judge(
  accepted: readonly string[],
  endpoints: readonly Endpoint[],
  arrivals: readonly Arrival[],
  inFlight: ReadonlyMap<string, number>,
): Judged {
  const taken = new Map<string, number>();
  const seen = new Map<string, number>();
  for (const arrival of arrivals) {
    add(seen, deliveryKey(arrival));
    if (isTaken(arrival)) add(taken, deliveryKey(arrival));
  }
  const wanted = accepted.flatMap((eventId) =>
    endpoints.map(({ url }) => deliveryKey({ eventId, endpoint: url })),
  );
  const refused = wanted.filter((key) => seen.has(key) && !taken.has(key));
  const twice = [...taken].filter(([, times]) => times > 1);
  const excused = (key: string) => inFlight.get(key) ?? 0;
  return {
    taken: taken.size,
    refused: refused.length,
    lost: wanted.filter((key) => !seen.has(key)),
    duplicates: twice.reduce((sum, [, times]) => sum + times - 1, 0),
    unexplained: twice.filter(([key, times]) => excused(key) < times - 1).map(([key]) => key),
    miscounted: refused.filter((key) => {
      const beyond = (seen.get(key) ?? 0) - ATTEMPTS;
      return beyond < 0 || beyond > excused(key);
    }),
  };
}

/** What must not be, in words. */
export function problemsOf(
  outcome: Judged & { readonly accepted: number; readonly ledger: Ledger; readonly deliveries: number },
  { lives, killsWithBothLanes }: Lives,
  endpoints: number,
): string[] {
  const { accepted, ledger, taken, refused, lost, unexplained, miscounted } = outcome;
  const [balance] = ledger.accounts;
  const some = (keys: readonly string[]) => keys.slice(0, 5).join(", ");
  const bothLanesDue =
    lives.length >= ENOUGH_FOR_BOTH_LANES.kills && outcome.deliveries >= ENOUGH_FOR_BOTH_LANES.deliveries;
  const checks: [boolean, string][] = [
    [lost.length === 0, `${lost.length} deliveries never arrived: ${some(lost)}`],
    [
      unexplained.length === 0,
      `${unexplained.length} came twice without having been in flight at a kill: ${some(unexplained)}`,
    ],
    [
      miscounted.length === 0,
      `${miscounted.length} were refused, but not ${ATTEMPTS} times plus those in flight at a kill: ${some(miscounted)}`,
    ],
    [balance.events === accepted, `the ledger knows ${balance.events} of ${accepted} events`],
    [
      balance.deliveries === accepted * endpoints,
      `the ledger has ${balance.deliveries} deliveries of ${accepted * endpoints}`,
    ],
    [
      balance.delivered === taken,
      `the ledger has ${balance.delivered} delivered, the endpoints took ${taken}`,
    ],
    [
      balance.undelivered === refused,
      `the ledger has ${balance.undelivered} undelivered, the endpoints refused ${refused}`,
    ],
    [balance.overdue + balance.cancelled === 0, `${balance.overdue} overdue, ${balance.cancelled} cancelled`],
    recordedMost(lives),
    ...lives.map(recordedSome),
    [killsWithBothLanes > 0 || !bothLanesDue, "no kill met messages on the slow lane and on the fast one"],
  ];
  return checks.filter(([holds]) => !holds).map(([, problem]) => problem);
}

/**
 * Otherwise what was in flight is not known, and would excuse everything that came twice. Of all lives together: one
 * that ends soon after its start may have had most of its attempts in flight.
 */
function recordedMost(lives: readonly Life[]): [boolean, string] {
  const sum = (of: keyof Life) => lives.reduce((total, life) => total + life[of], 0);
  const [arrived, unrecorded] = [sum("arrived"), sum("unrecorded")];
  return [
    unrecorded <= arrived * (1 - MOST),
    `no record is known of ${unrecorded} of the ${arrived} arrivals of all lives`,
  ];
}

const recordedSome = ({ arrived, unrecorded }: Life, index: number): [boolean, string] => [
  arrived < MANY_ARRIVALS || unrecorded < arrived,
  `life ${index + 1}: no record is known of any of its ${arrived} arrivals`,
];
