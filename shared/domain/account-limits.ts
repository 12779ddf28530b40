/** What one account may take, so that none can harm another. */
export interface AccountLimits {
  readonly webhooks: number;
  /** On average over {@link REQUEST_WINDOW_MS}. */
  readonly requestsPerSecond: number;
  /** Accepted over REST and not fanned out yet. */
  readonly eventsInFlight: number;
}

/** Requests are counted in windows of this length: a burst may use up all of one at once. */
export const REQUEST_WINDOW_MS = 10_000;
/** What has been accepted longer ago no longer counts as in flight: should a count be lost, it heals by then. */
export const FLIGHT_HORIZON_MS = 3_600_000;
/** How old one process's view of what the others count may be. Also bounds the writes: one in this time. */
const REPORT_INTERVAL_MS = 1_000;
/** When an account has too much in flight: by then fan-out has worked off some of it. */
const FLIGHT_RETRY_AFTER_SECONDS = 5;

/** Whole seconds to wait, or undefined when there is nothing to wait for. */
export type RetryAfter = number | undefined;

/** What one process has counted for an account since it last told the others. */
interface Tally {
  unreported: number;
  /** What all have counted together, as it was known at `reportedAt`. */
  known: number;
  reportedAt: number;
}

/**
 * Counts together with other processes at a bounded cost: each tells the others at most once a second, and in
 * between goes by what it was last told and its own count. So a limit is kept to about a second's worth.
 * @param report adds to what all have counted, and tells the total
 */
function createTallies(now: () => number, report: (account: string, count: number) => Promise<number>) {
  const tallies = new Map<string, Tally>();

  return {
    async add(account: string, count: number): Promise<number> {
      const tally = tallies.get(account) ?? { unreported: 0, known: 0, reportedAt: Number.NEGATIVE_INFINITY };
      tallies.set(account, tally);
      tally.unreported += count;
      if (now() - tally.reportedAt >= REPORT_INTERVAL_MS) {
        const reporting = tally.unreported;
        Object.assign(tally, { unreported: 0, reportedAt: now() });
        tally.known += reporting;
        tally.known = await report(account, reporting);
      }
      return tally.known + tally.unreported;
    },
    clear: () => tallies.clear(),
  };
}

/**
 * Limits the requests of an account.
 * @param deps.count adds to the account's requests in the window that began then, and tells how many they are
 */
export function createRequestLimit(deps: {
  readonly perSecond: number;
  readonly now: () => number;
  readonly count: (account: string, windowStart: number, requests: number) => Promise<number>;
}) {
  const limit = (deps.perSecond * REQUEST_WINDOW_MS) / 1_000;
  let windowStart = 0;
  const tallies = createTallies(deps.now, (account, requests) => deps.count(account, windowStart, requests));

  /** Counts one request. @returns how long the caller has to wait, if it was one too many */
  return async function admit(account: string): Promise<RetryAfter> {
    const now = deps.now();
    const current = now - (now % REQUEST_WINDOW_MS);
    if (current !== windowStart) tallies.clear();
    windowStart = current;
    const total = await tallies.add(account, 1);
    return total > limit ? Math.ceil((current + REQUEST_WINDOW_MS - now) / 1_000) : undefined;
  };
}

/**
 * Limits the events that an account has in flight.
 * @param deps.count adds to what the account has published, and tells how much of it is in flight
 */
export function createFlightLimit(deps: {
  readonly max: number;
  readonly now: () => number;
  readonly count: (account: string, events: number) => Promise<number>;
}) {
  const tallies = createTallies(deps.now, deps.count);

  /** Counts events that are about to be accepted. @returns how long to wait, if they are too many */
  return async function admit(account: string, events: number): Promise<RetryAfter> {
    if ((await tallies.add(account, events)) <= deps.max) return undefined;
    await tallies.add(account, -events);
    return FLIGHT_RETRY_AFTER_SECONDS;
  };
}

/** Counts events that are no longer in flight. */
export function createLanding(deps: {
  readonly now: () => number;
  readonly count: (account: string, events: number) => Promise<number>;
}) {
  const tallies = createTallies(deps.now, deps.count);
  return async (account: string, events: number): Promise<void> => void (await tallies.add(account, events));
}
