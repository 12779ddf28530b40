import { SQSClient } from "@aws-sdk/client-sqs";
import { queueDepths } from "../../../../infra/commands/ledger/queue-depths.ts";
import { clientOptions } from "../../../../infra/local/settings.ts";
import { until } from "../../../support/local-run.ts";
import { sum } from "../../../support/statistics.ts";
import { startClaimr } from "../../load/claimr.ts";
import { type Accepted, publishOpenLoop } from "../../load/open-loop.ts";
import type { Sink } from "../../load/sink.ts";

export const HEALTHY = 20;
/** 160 deliveries a second to the healthy ones: well below what the run can do, so that delays are seen. */
export const LOAD = { perSecond: 8, seconds: 10 };
const ANSWERS_AFTER_MS = 9_000;
/** From here on in a round it is known which endpoints are slow: the product waits for a second before it marks one. */
const KNOWN_AFTER_MS = 3_000;
/**
 * All five attempts fall into the round, so that it has the load of an endpoint that has failed for long. Nothing of
 * it is left for the next round, either.
 */
const POLICY = { RETRY_DELAYS_SECONDS: "1,1,1,1" };
/** What waits for an endpoint that hangs is over after ten seconds, twice. */
const TIMEOUT_MS = 45_000;
const POLL_MS = 250;

/**
 * Who gets every event besides the healthy endpoints that are timed: nobody, three more healthy ones, or three that
 * misbehave.
 */
export type Beside = "nobody" | "three healthy" | "three bad";

/** From the 202 until the event was there, at each of the healthy endpoints, in milliseconds. */
export interface Round {
  readonly beside: Beside;
  readonly latencies: readonly number[];
  /** Those of the events that came once the product could know which endpoints are slow. */
  readonly latenciesOnceKnown: readonly number[];
}

/** One account, its healthy endpoints, and rounds of load with and without three more. */
export async function startFairness(sink: Sink) {
  const healthy = Array.from({ length: HEALTHY }, (_, n) => sink.url(200, 0, `healthy-${n}`));
  const claimr = await startClaimr(POLICY);
  const { local } = claimr;
  const sqs = new SQSClient(clientOptions(local.services.sqs));

  const othersOf: Record<Beside, (round: string) => Record<string, string>> = {
    nobody: () => ({}),
    "three healthy": (round) =>
      Object.fromEntries(
        ["a", "b", "c"].map((name) => [`${name}-${round}`, sink.url(200, 0, `${name}-${round}`)]),
      ),
    "three bad": (round) => ({
      [`hangs-${round}`]: sink.hangingUrl(round),
      [`slow-${round}`]: sink.url(200, ANSWERS_AFTER_MS, round),
      [`fails-${round}`]: sink.url(500, 0, round),
    }),
  };

  /** New ones each time: of these nothing is known yet. One webhook each, as of different integrators. */
  async function addOthers(beside: Beside, round: string): Promise<Map<string, string>> {
    const urls = new Map(Object.entries(othersOf[beside](round)));
    for (const [hook_id, url] of urls) {
      const { status } = await local.call("POST", "/webhooks", { hook_id, scope: "user_activity", url });
      if (status !== 201) throw new Error(`POST /webhooks for ${hook_id} answered ${status}`);
    }
    return urls;
  }

  /** @returns when each event was first at each endpoint, once it was at all of them */
  async function arrivalsAt(urls: readonly string[], accepted: readonly Accepted[]) {
    const wanted = urls.flatMap((url) => accepted.map(({ id }) => keyOf(new URL(url).pathname, id)));
    return until(
      async function readArrivals() {
        const { arrivals } = await sink.report();
        // From the last to the first: of an event that came twice the first arrival stays.
        const times = new Map(arrivals.toReversed().map(({ path, id, at }) => [keyOf(path, id), at]));
        return wanted.every((key) => times.has(key)) && times;
      },
      TIMEOUT_MS,
      POLL_MS,
    );
  }

  const latenciesOf = (accepted: readonly Accepted[], times: ReadonlyMap<string, number>): number[] =>
    healthy.flatMap((url) =>
      accepted.map(({ id, acceptedAt }) =>
        // An event may be there before its publisher has read the answer.
        Math.max(0, (times.get(keyOf(new URL(url).pathname, id)) ?? Number.NaN) - acceptedAt),
      ),
    );

  /** Until nothing is under way, nor waits for its retry. */
  async function settle(): Promise<void> {
    const queues = Object.entries(local.services.queues).map(([name, url]) => [`${name}Url`, url]);
    await until(
      async function isIdle() {
        const depths = await queueDepths(sqs, Object.fromEntries(queues));
        if (depths.length === 0) throw new Error("The local run names no queues");
        return sum(depths.map(({ ready, inFlight, delayed }) => ready + inFlight + delayed)) === 0;
      },
      TIMEOUT_MS,
      POLL_MS,
    );
  }

  async function removeAll(hookIds: Iterable<string>): Promise<void> {
    for (const hookId of hookIds) {
      const { status } = await local.call("DELETE", `/webhooks/${hookId}`);
      if (status !== 204) throw new Error(`DELETE /webhooks/${hookId} answered ${status}`);
    }
  }

  async function stop(): Promise<void> {
    sqs.destroy();
    await claimr.stop();
  }

  await claimr.register(healthy);
  return {
    stop,

    /** @throws when an event does not arrive everywhere, at those that misbehave too */
    async run(name: string, beside: Beside): Promise<Round> {
      await sink.reset("note");
      const others = await addOthers(beside, name);
      const accepted = await publishOpenLoop(claimr, LOAD);
      const times = await arrivalsAt([...healthy, ...others.values()], accepted);
      const knownAt = (accepted[0]?.plannedAt ?? 0) + KNOWN_AFTER_MS;
      await removeAll(others.keys());
      // Lets go of those that hang.
      await sink.reset("note");
      await settle();
      return {
        beside,
        latencies: latenciesOf(accepted, times),
        latenciesOnceKnown: latenciesOf(
          accepted.filter(({ plannedAt }) => plannedAt >= knownAt),
          times,
        ),
      };
    },
  };
}

const keyOf = (path: string, id: string) => `${path} ${id}`;
