import { setTimeout as sleep } from "node:timers/promises";
import DataLoader from "dataloader";

/**
 * How long a call waits for others to share a request with. The attempts of a batch end together when their
 * endpoints are healthy, and one request for ten of them costs a tenth in money and CPU; one that hangs is
 * not waited for.
 */
const LINGER_MS = 5;
const MAX_TRIES = 5;
const FIRST_BACKOFF_MS = 50;

/**
 * A function whose calls, made within a few milliseconds of each other, are flushed together. Each caller
 * gets its own result or error; a flush that throws fails all of its callers.
 * @param everyone how many calls there can be together, if that is known: when so many wait, nobody else will come
 * @param lingerMs how long to wait for others, unless everyone is there before
 */
export function coalesce<Item, Result>(
  flush: (items: readonly Item[]) => Promise<ArrayLike<Result | Error>>,
  everyone: () => number = () => Number.POSITIVE_INFINITY,
  lingerMs = LINGER_MS,
) {
  let waiting = 0;
  let flushNow = () => {};
  const loader = new DataLoader<Item, Result>(flush, {
    cache: false,
    batchScheduleFn(dispatch) {
      function flushOnce() {
        clearTimeout(timer);
        waiting = 0;
        dispatch();
      }
      const timer = setTimeout(flushOnce, lingerMs);
      flushNow = flushOnce;
    },
  });
  return (item: Item): Promise<Result> => {
    const result = loader.load(item);
    waiting++;
    if (waiting >= everyone()) flushNow();
    return result;
  };
}

/**
 * Repeats a batch call with what it left undone (throttled entries, unprocessed keys), backing off with full
 * jitter.
 * @param send returns what is left of its input
 * @returns what was still left after the last try
 */
export async function repeatUntilDone<Item>(
  items: readonly Item[],
  send: (items: readonly Item[]) => Promise<readonly Item[]>,
): Promise<readonly Item[]> {
  let left = items;
  for (let tries = 0; tries < MAX_TRIES && left.length > 0; tries++) {
    if (tries > 0) await sleep(Math.random() * FIRST_BACKOFF_MS * 2 ** tries);
    left = await send(left);
  }
  return left;
}
