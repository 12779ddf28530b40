import { rmSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { randomFrom } from "../../infra/local/scheduler/random.ts";
import { freePort } from "../support/local-run.ts";
import { startEndpoints } from "./endpoints.ts";
import { type Judged, judge, problemsOf } from "./judge.ts";
import { killAgainAndAgain } from "./lives.ts";
import { startPublisher } from "./publisher.ts";
import { type Ledger, untilSettled } from "./settle.ts";
import { createVictim, type Victim } from "./victim.ts";

const ACCOUNT = "demo";
const API_KEY = "chaos-key";
/** Enough for every kill to meet work, and little enough for the seed's moments to be spread over the run. */
const MAX_UNDER_WAY = 1_000;
/** What a shell reports of a process that SIGINT has ended. */
const INTERRUPTED = 130;

export interface ChaosSettings {
  readonly kills: number;
  readonly deliveries: number;
  readonly seed: number;
}

export interface ChaosOutcome extends ChaosSettings, Judged {
  readonly accepted: number;
  readonly ledger: Ledger;
  readonly killsAtStart: number;
  readonly killsWithBothLanes: number;
  /** POSTs that had arrived, and were not recorded yet, at one of the kills. */
  readonly inFlightAtKills: number;
  readonly seconds: number;
  /** What must not be, in words. */
  readonly problems: readonly string[];
}

/** Runs the local run under load, kills it when the seed says, and accounts for what came of it. */
export async function runChaos(settings: ChaosSettings, tell: (line: string) => void): Promise<ChaosOutcome> {
  const startedAt = performance.now();
  const since = new Date().toISOString();
  const dataDir = await mkdtemp(join(tmpdir(), "claimr-chaos-"));
  const receivers = await startEndpoints(settings.seed);
  const victim = createVictim({ dataDir, port: await freePort(), apiKey: API_KEY });
  const calledOff = cleanUpWhenInterrupted(victim, dataDir);
  try {
    const { arrivals, endpoints } = receivers;
    const events = Math.ceil(settings.deliveries / endpoints.length);
    await victim.start();
    for (const { hookId, url } of endpoints) await register(victim.url, hookId, url);
    const publisher = startPublisher({
      ...{ url: victim.url, apiKey: API_KEY, events, random: randomFrom(settings.seed) },
      hasRoom: (accepted) => accepted * endpoints.length - arrivals.length < MAX_UNDER_WAY,
    });
    const lives = await killAgainAndAgain({
      ...settings,
      ...{ account: ACCOUNT, victim, arrivals, endpoints, tell },
    });
    await publisher.done;
    const { accepted } = publisher;
    const file = join(dataDir, "accepted.txt");
    const ledger = await untilSettled({ url: victim.url, account: ACCOUNT, since, accepted, file });
    const outcome = {
      ...{ ...settings, accepted: accepted.length, ledger },
      ...{ killsAtStart: lives.killsAtStart, killsWithBothLanes: lives.killsWithBothLanes },
      inFlightAtKills: lives.lives.reduce((sum, { unrecorded }) => sum + unrecorded, 0),
      ...judge(accepted, endpoints, arrivals, lives.inFlight),
      seconds: Math.round((performance.now() - startedAt) / 1000),
    };
    return { ...outcome, problems: problemsOf(outcome, lives, endpoints.length) };
  } finally {
    await victim.kill();
    await receivers.close();
    await rm(dataDir, { recursive: true, force: true });
    calledOff();
  }
}

/** However this process ends: the run must not live on, nor its data stay. @returns what calls it off */
function cleanUpWhenInterrupted(victim: Victim, dataDir: string): () => void {
  const interrupted = () => process.exit(INTERRUPTED);
  const cleanUp = () => {
    victim.killNow();
    rmSync(dataDir, { recursive: true, force: true, maxRetries: 5, retryDelay: 50 });
  };
  const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
  for (const signal of signals) process.once(signal, interrupted);
  process.once("exit", cleanUp);
  return () => {
    for (const signal of signals) process.off(signal, interrupted);
    process.off("exit", cleanUp);
  };
}

async function register(url: string, hook_id: string, endpoint: string): Promise<void> {
  const answer = await fetch(`${url}/webhooks`, {
    method: "POST",
    headers: { authorization: `Bearer ${API_KEY}`, "content-type": "application/json" },
    body: JSON.stringify({ hook_id, scope: "user_activity", url: endpoint }),
  });
  if (answer.status !== 201) throw new Error(`Could not register ${hook_id}: ${await answer.text()}`);
}
