import { setTimeout as sleep } from "node:timers/promises";
import { type Random, randomFrom } from "../../infra/local/scheduler/random.ts";
import { deliveryId } from "../../shared/domain/delivery.ts";
import { until } from "../support/local-run.ts";
import type { Arrival, Endpoint } from "./endpoints.ts";
import { recordedAttempts, type Victim } from "./victim.ts";

/** One kill in so many is followed by another while the run comes up again, or has just come up. */
const KILLS_AT_START = 0.15;
/** How much longer than its last start a run may live that is killed at its start. */
const START_RANGE = 1.5;
/** The last kill comes before the last deliveries. */
const LAST_KILL = 0.95;
const MAX_PAUSE_MS = 200;
const ARRIVAL_TIMEOUT_MS = 180_000;

/** From one start to the kill. */
export interface Life {
  readonly arrived: number;
  /** Of these, how many had no record yet when it was killed. */
  readonly unrecorded: number;
}

export interface Lives {
  readonly lives: readonly Life[];
  readonly killsAtStart: number;
  /** Kills that met messages on both queues of deliveries. */
  readonly killsWithBothLanes: number;
  /** How many POSTs of a delivery were in flight at kills, by its key. */
  readonly inFlight: ReadonlyMap<string, number>;
}

/** What names a delivery here. */
export const deliveryKey = ({ eventId, endpoint }: Pick<Arrival, "eventId" | "endpoint">) =>
  `${eventId} ${endpoint}`;

/** Kills the run whenever as many deliveries have arrived as the seed says, and starts it again. */
export async function killAgainAndAgain(given: {
  readonly kills: number;
  readonly deliveries: number;
  readonly seed: number;
  readonly account: string;
  readonly victim: Victim;
  readonly arrivals: readonly Arrival[];
  readonly endpoints: readonly Endpoint[];
  readonly tell: (line: string) => void;
}): Promise<Lives> {
  const { victim, arrivals, tell } = given;
  const random = randomFrom(given.seed + 1);
  const accounts = keepAccounts(given);
  let killsAtStart = 0;
  let killsWithBothLanes = 0;
  for (const [index, moment] of momentsOf(given, random).entries()) {
    await untilArrived(arrivals, Math.max(moment, accounts.livedFrom() + 1));
    await sleep(random() * MAX_PAUSE_MS);
    const { fast, slow } = await victim.lanes();
    if (fast > 0 && slow > 0) killsWithBothLanes += 1;
    const { unrecorded } = await accounts.close(await victim.kill());
    const lanes = `${fast} on the fast lane, ${slow} on the slow one`;
    tell(`kill ${index + 1}: ${arrivals.length} arrived, ${unrecorded} of them in flight; ${lanes}`);
    if (random() < KILLS_AT_START) {
      killsAtStart += 1;
      const afterMs = random() * START_RANGE * victim.lastStartMs();
      const life = await accounts.close(await victim.startAndKill(afterMs));
      tell(
        `killed ${Math.round(afterMs)} ms after its start: ${life.arrived} arrived, ${life.unrecorded} of them in flight`,
      );
    }
    await victim.start();
  }
  return { lives: accounts.lives, inFlight: accounts.inFlight, killsAtStart, killsWithBothLanes };
}

/** After how many arrivals it is killed. */
const momentsOf = ({ kills, deliveries }: { kills: number; deliveries: number }, random: Random) =>
  Array.from({ length: kills }, () => random() * deliveries * LAST_KILL).sort((a, b) => a - b);

/** Finds out, life by life, what had arrived and was not recorded when it ended. */
function keepAccounts(given: {
  readonly account: string;
  readonly arrivals: readonly Arrival[];
  readonly endpoints: readonly Endpoint[];
}) {
  const { account, arrivals } = given;
  const hookOf = new Map(given.endpoints.map(({ hookId, url }) => [url, hookId]));
  const lives: Life[] = [];
  const inFlight = new Map<string, number>();
  let livedFrom = 0;

  /** @param output all that the run printed in the life that has ended */
  async function close(output: string): Promise<Life> {
    const recorded = recordedAttempts(output);
    await untilQuiet(arrivals);
    const arrived = arrivals.slice(livedFrom);
    livedFrom = arrivals.length;
    const unrecorded = arrived.filter(({ endpoint: url, eventId: event_id }) => {
      const id = deliveryId({ account, hook_id: hookOf.get(url) ?? "", url, event_id });
      const left = recorded.get(id) ?? 0;
      recorded.set(id, left - 1);
      return left <= 0;
    });
    for (const arrival of unrecorded) {
      const key = deliveryKey(arrival);
      inFlight.set(key, (inFlight.get(key) ?? 0) + 1);
    }
    const life = { arrived: arrived.length, unrecorded: unrecorded.length };
    lives.push(life);
    return life;
  }

  return { lives, inFlight, close, livedFrom: () => livedFrom };
}

async function untilArrived(arrivals: readonly Arrival[], wanted: number): Promise<void> {
  try {
    await until(() => arrivals.length >= wanted, ARRIVAL_TIMEOUT_MS);
  } catch (cause) {
    throw new Error(`${arrivals.length} deliveries have arrived; ${Math.ceil(wanted)} were waited for`, {
      cause,
    });
  }
}

/** What was in the sockets when the sender died still arrives. */
async function untilQuiet(arrivals: readonly Arrival[]): Promise<void> {
  let before = -1;
  while (arrivals.length !== before) {
    before = arrivals.length;
    await sleep(100);
  }
}
