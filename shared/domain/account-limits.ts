/** What one account may take, so that none can harm another. */
export interface AccountLimits {
  readonly webhooks: number;
  /** On average over {@link REQUEST_WINDOW_MS}. */
  readonly requestsPerSecond: number;
  /** Accepted over REST and not fanned out yet. What comes by the event bus is not counted: nobody could be told. */
  readonly eventsInFlight: number;
}

/** Requests are counted in windows of this length: a burst may use up all of one at once. */
export const REQUEST_WINDOW_MS = 10_000;
/** Events in flight are counted by when they were accepted, in windows of this length. */
const FLIGHT_WINDOW_MS = 300_000;
/**
 * This window and those before it that count. What is older does not, so that a count that a crash has lost heals
 * within a quarter of an hour; when fan-out lags by more than that, something of ours is broken.
 */
const FLIGHT_WINDOWS = 4;
/** How often one process asks what the others count, at most. */
const EXCHANGE_INTERVAL_MS = 1_000;
/** What a process may keep to itself, as a share of the limit: sparse traffic is not worth a write. */
const UNTOLD_SHARE = 0.01;
/** When an account has too much in flight: by then fan-out has worked off some of it. */
const FLIGHT_RETRY_AFTER_SECONDS = 5;

/** Whole seconds to wait, or undefined when there is nothing to wait for. */
export type RetryAfter = number | undefined;

/** What one process knows of an account's use. */
interface Tally {
  readonly windowStart: number;
  /** Counted here, and the others not told. */
  untold: number;
  /** What all have counted together, as far as this process was told. */
  known: number;
  exchangedAt: number;
}

const startOf = (epochMs: number, lengthMs: number) => epochMs - (epochMs % lengthMs);

/** The windows that count at a time, the current one last; by the epoch milliseconds at which they began. */
export function flightWindows(now: number): number[] {
  const current = flightWindowOf(now);
  return Array.from(
    { length: FLIGHT_WINDOWS },
    (_, n) => current - (FLIGHT_WINDOWS - 1 - n) * FLIGHT_WINDOW_MS,
  );
}

/** The window in which an event is counted that was accepted then. */
export const flightWindowOf = (acceptedAtMs: number): number => startOf(acceptedAtMs, FLIGHT_WINDOW_MS);

/** Whether enough has come together, and long enough ago, to tell the others. */
const isWorthTelling = ({ untold, exchangedAt }: Tally, now: number, limit: number) =>
  untold >= Math.max(1, limit * UNTOLD_SHARE) && now - exchangedAt >= EXCHANGE_INTERVAL_MS;

/**
 * Limits the requests of an account. Each process tells the others what it counts, once a second at most and not
 * before it is 1 % of the limit; so the limit is kept to about a second's worth, or that 1 %, for each process. A
 * process that knows the limit to be passed tells nothing more: a flood must not make a flood of writes.
 * @param deps.count adds to the account's requests in the window that began then, and tells how many they are;
 * undefined when that cannot be told
 */
export function createRequestLimit(deps: {
  readonly perSecond: number;
  readonly now: () => number;
  readonly count: (account: string, windowStart: number, requests: number) => Promise<number | undefined>;
}) {
  const limit = (deps.perSecond * REQUEST_WINDOW_MS) / 1_000;
  const tallies = new Map<string, Tally>();
  let windowStart = 0;

  function tallyOf(account: string, now: number): Tally {
    const current = startOf(now, REQUEST_WINDOW_MS);
    if (current !== windowStart) tallies.clear();
    windowStart = current;
    const tally = tallies.get(account) ?? { windowStart, untold: 0, known: 0, exchangedAt: -Infinity };
    tallies.set(account, tally);
    return tally;
  }

  /** Counts one request. @returns how long the caller has to wait, if it was one too many */
  return async function admit(account: string): Promise<RetryAfter> {
    const now = deps.now();
    const tally = tallyOf(account, now);
    tally.untold += 1;
    if (tally.known <= limit && isWorthTelling(tally, now, limit)) {
      const told = tally.untold;
      // Our own count holds even when nobody could be told.
      Object.assign(tally, { untold: 0, known: tally.known + told, exchangedAt: now });
      tally.known = (await deps.count(account, tally.windowStart, told)) ?? tally.known;
    }
    const isOver = tally.known + tally.untold > limit;
    return isOver ? Math.ceil((tally.windowStart + REQUEST_WINDOW_MS - now) / 1_000) : undefined;
  };
}

/**
 * Limits the events that an account has in flight, as exactly as its requests. Wherever a count is in doubt, the
 * account is given the benefit of it.
 * @param deps.count adds to what the account has published in the window that began then (less than nothing gives
 * back, nothing only asks), and tells how much of it is in flight; undefined when that cannot be told
 */
export function createFlightLimit(deps: {
  readonly max: number;
  readonly now: () => number;
  readonly count: (account: string, windowStart: number, events: number) => Promise<number | undefined>;
}) {
  const { max } = deps;
  const tallies = new Map<string, Tally>();

  function tallyOf(account: string): Tally {
    const windowStart = flightWindowOf(deps.now());
    const before = tallies.get(account);
    if (before?.windowStart === windowStart) return before;
    // What was accepted in the window before may have landed there by now: told as new, it would never land.
    const untold = Math.min(0, before?.untold ?? 0);
    const tally = { known: 0, exchangedAt: -Infinity, ...before, windowStart, untold };
    tallies.set(account, tally);
    return tally;
  }

  async function exchange(account: string, tally: Tally): Promise<void> {
    const told = tally.untold;
    Object.assign(tally, { untold: 0, known: tally.known + told, exchangedAt: deps.now() });
    const total = await deps.count(account, tally.windowStart, told);
    if (total !== undefined) {
      tally.known = total;
      return;
    }
    // It may have been counted nevertheless, and has perhaps landed meanwhile. What is given back is told again.
    tally.known -= told;
    tally.untold += Math.min(0, told);
  }

  async function giveBack(account: string, tally: Tally, events: number): Promise<void> {
    tally.untold -= events;
    // What the others were told has to be taken back now: this process may not live to see another event.
    if (tally.untold < 0) await exchange(account, tally);
  }

  return {
    /** Counts events that are about to be accepted. @returns how long to wait, if they are too many */
    async admit(account: string, events: number): Promise<RetryAfter> {
      const tally = tallyOf(account);
      const isOver = (more: number) => tally.known + tally.untold + more > max;
      if (isOver(events) && deps.now() - tally.exchangedAt >= EXCHANGE_INTERVAL_MS)
        await exchange(account, tally);
      if (isOver(events)) return FLIGHT_RETRY_AFTER_SECONDS;
      tally.untold += events;
      if (isWorthTelling(tally, deps.now(), max)) {
        await exchange(account, tally);
        if (isOver(0)) {
          await giveBack(account, tally, events);
          return FLIGHT_RETRY_AFTER_SECONDS;
        }
      }
      return undefined;
    },

    /** Takes back the count of events that were admitted and then not accepted. */
    release: (account: string, events: number): Promise<void> => giveBack(account, tallyOf(account), events),
  };
}
