import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import * as z from "zod";
import { randomFrom } from "../../infra/local/scheduler/random.ts";
import { deliveryId } from "../../shared/domain/delivery.ts";
import { freePort, run, until } from "../support/local-run.ts";
import { type Arrival, type Endpoint, startEndpoints } from "./endpoints.ts";
import { startPublisher } from "./publisher.ts";
import { createVictim, recordedAttempts } from "./victim.ts";

const ACCOUNT = "demo";
const API_KEY = "chaos-key";
/** Enough for every kill to meet work, and little enough for the seed's moments to be spread over the run. */
const MAX_UNDER_WAY = 1_000;
/** One kill in so many comes while the run is still coming up. */
const KILLS_AT_START = 0.15;
const MAX_START_MS = 2_500;
const SETTLE_TIMEOUT_MS = 180_000;

export interface ChaosSettings {
  readonly kills: number;
  readonly deliveries: number;
  readonly seed: number;
}

export interface ChaosOutcome extends ChaosSettings {
  readonly accepted: number;
  readonly ledger: Ledger;
  /** Deliveries that an endpoint took, and that it refused to the last. */
  readonly taken: number;
  readonly refused: number;
  readonly killsAtStart: number;
  /** POSTs that had arrived, and were not recorded yet, at one of the kills. */
  readonly inFlightAtKills: number;
  /** Deliveries that an endpoint took more than once. */
  readonly duplicates: number;
  readonly lost: readonly string[];
  readonly unexplained: readonly string[];
  readonly seconds: number;
  /** What must not be, in words. */
  readonly problems: readonly string[];
}

const count = z.int().nonnegative();
const ledgerAnswer = z.object({
  accounts: z.tuple([
    z.object({
      ...{ events: count, deliveries: count },
      ...{ delivered: count, undelivered: count, cancelled: count, waiting: count, overdue: count },
      notFannedOut: z.array(z.string()),
    }),
  ]),
  queues: z.array(z.object({ queue: z.string(), ready: count, inFlight: count, delayed: count })),
});
type Ledger = z.infer<typeof ledgerAnswer>;

/** Runs the local run under load, kills it at moments that the seed chooses, and accounts for what came of it. */
export async function runChaos(settings: ChaosSettings, tell: (line: string) => void): Promise<ChaosOutcome> {
  const startedAt = performance.now();
  const since = new Date().toISOString();
  const dataDir = await mkdtemp(join(tmpdir(), "claimr-chaos-"));
  const receivers = await startEndpoints(settings.seed);
  const victim = createVictim({ dataDir, port: await freePort(), apiKey: API_KEY });
  try {
    const { arrivals, endpoints } = receivers;
    const events = Math.ceil(settings.deliveries / endpoints.length);
    await victim.start();
    for (const { hookId, url } of endpoints) await register(victim.url, hookId, url);
    const publisher = startPublisher({
      ...{ url: victim.url, apiKey: API_KEY, events, random: randomFrom(settings.seed) },
      hasRoom: (accepted) => accepted * endpoints.length - arrivals.length < MAX_UNDER_WAY,
    });
    const kills = await killAgainAndAgain(settings, victim, receivers, tell);
    await publisher.done;
    const ledger = await untilSettled(victim.url, since, publisher.accepted, join(dataDir, "accepted.txt"));
    const judged = judge(publisher.accepted, endpoints, arrivals, kills.inFlight);
    const seconds = Math.round((performance.now() - startedAt) / 1000);
    const outcome = {
      ...settings,
      accepted: publisher.accepted.length,
      ledger,
      ...kills.counts,
      ...judged,
      seconds,
    };
    return { ...outcome, problems: problemsOf(outcome, endpoints.length) };
  } finally {
    await victim.kill();
    await receivers.close();
    await rm(dataDir, { recursive: true, force: true });
  }
}

async function register(url: string, hook_id: string, endpoint: string): Promise<void> {
  const answer = await fetch(`${url}/webhooks`, {
    method: "POST",
    headers: { authorization: `Bearer ${API_KEY}`, "content-type": "application/json" },
    body: JSON.stringify({ hook_id, scope: "user_activity", url: endpoint }),
  });
  if (answer.status !== 201) throw new Error(`Could not register ${hook_id}: ${await answer.text()}`);
}

type Victim = ReturnType<typeof createVictim>;
type Receivers = Awaited<ReturnType<typeof startEndpoints>>;

async function killAgainAndAgain(
  settings: ChaosSettings,
  victim: Victim,
  receivers: Receivers,
  tell: (line: string) => void,
) {
  const { arrivals, endpoints } = receivers;
  const random = randomFrom(settings.seed + 1);
  const moments = Array.from({ length: settings.kills }, () => random() * settings.deliveries * 0.95).sort(
    (a, b) => a - b,
  );
  const hookOf = new Map(endpoints.map(({ hookId, url }) => [url, hookId]));
  const inFlight = new Map<string, number>();
  let killsAtStart = 0;
  let livedFrom = 0;
  for (const [index, moment] of moments.entries()) {
    await until(() => arrivals.length >= Math.max(moment, livedFrom + 1), SETTLE_TIMEOUT_MS);
    await sleep(random() * 200);
    const recorded = recordedAttempts(await victim.kill());
    await untilQuiet(arrivals);
    // What has arrived in this life and was not recorded in it, at most.
    const unrecorded = arrivals.slice(livedFrom).filter(({ endpoint, eventId }) => {
      const id = deliveryId({
        account: ACCOUNT,
        hook_id: hookOf.get(endpoint) ?? "",
        url: endpoint,
        event_id: eventId,
      });
      const left = recorded.get(id) ?? 0;
      recorded.set(id, left - 1);
      return left <= 0;
    });
    for (const { endpoint, eventId } of unrecorded) {
      const key = `${eventId} ${endpoint}`;
      inFlight.set(key, (inFlight.get(key) ?? 0) + 1);
    }
    tell(`kill ${index + 1}: ${arrivals.length} arrived, ${unrecorded.length} of them in flight`);
    livedFrom = arrivals.length;
    if (random() < KILLS_AT_START) {
      killsAtStart += 1;
      await victim.startAndKill(random() * MAX_START_MS);
    }
    await victim.start();
  }
  const inFlightAtKills = [...inFlight.values()].reduce((sum, times) => sum + times, 0);
  return { inFlight, counts: { killsAtStart, inFlightAtKills } };
}

/** What was in the sockets when the sender died still arrives. */
async function untilQuiet(arrivals: readonly Arrival[]): Promise<void> {
  let before = -1;
  while (arrivals.length !== before) {
    before = arrivals.length;
    await sleep(100);
  }
}

async function untilSettled(
  url: string,
  since: string,
  accepted: readonly string[],
  file: string,
): Promise<Ledger> {
  await writeFile(file, accepted.join("\n"));
  return until(async () => {
    const args = ["--json", "--account", ACCOUNT, "--since", since, "--accepted", file];
    const { stdout, stderr } = await run(["infra/commands/ledger/main.ts", ...args], {
      PORT: new URL(url).port,
    });
    if (stdout === "") throw new Error(`npm run ledger failed: ${stderr}`);
    const given = ledgerAnswer.parse(JSON.parse(stdout));
    const [{ waiting, notFannedOut }] = given.accounts;
    const held = given.queues.some(({ ready, inFlight, delayed }) => ready + inFlight + delayed > 0);
    return waiting === 0 && notFannedOut.length === 0 && !held && given;
  }, SETTLE_TIMEOUT_MS);
}

const isTaken = ({ status }: Arrival) => status >= 200 && status <= 299;

/** Compares what was accepted with what the endpoints saw. */
function judge(
  accepted: readonly string[],
  endpoints: readonly Endpoint[],
  arrivals: readonly Arrival[],
  inFlight: ReadonlyMap<string, number>,
) {
  const taken = new Map<string, number>();
  const seen = new Set<string>();
  for (const arrival of arrivals) {
    const key = `${arrival.eventId} ${arrival.endpoint}`;
    seen.add(key);
    if (isTaken(arrival)) taken.set(key, (taken.get(key) ?? 0) + 1);
  }
  const wanted = accepted.flatMap((id) => endpoints.map(({ url }) => `${id} ${url}`));
  const twice = [...taken].filter(([, times]) => times > 1);
  return {
    taken: taken.size,
    refused: wanted.filter((key) => seen.has(key) && !taken.has(key)).length,
    lost: wanted.filter((key) => !seen.has(key)),
    duplicates: twice.reduce((sum, [, times]) => sum + times - 1, 0),
    unexplained: twice.filter(([key, times]) => (inFlight.get(key) ?? 0) < times - 1).map(([key]) => key),
  };
}

function problemsOf(outcome: Omit<ChaosOutcome, "problems">, endpoints: number): string[] {
  const { accepted, ledger, taken, refused, lost, unexplained } = outcome;
  const [balance] = ledger.accounts;
  const checks: [boolean, string][] = [
    [lost.length === 0, `${lost.length} deliveries never arrived: ${lost.slice(0, 5).join(", ")}`],
    [
      unexplained.length === 0,
      `${unexplained.length} came twice without having been in flight at a kill: ${unexplained.slice(0, 5).join(", ")}`,
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
  ];
  return checks.filter(([holds]) => !holds).map(([, problem]) => problem);
}
