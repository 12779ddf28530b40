const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

const clock = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", second: "2-digit" });
const day = new Intl.DateTimeFormat(undefined, {
  day: "numeric",
  month: "short",
  hour: "2-digit",
  minute: "2-digit",
});
const full = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "long" });
const number = new Intl.NumberFormat("en");

export const toClock = (iso: string) => clock.format(new Date(iso));
export const toFull = (iso: string) => full.format(new Date(iso));
export const toCount = (count: number) => number.format(count);
export const plural = (count: number, one: string, many = `${one}s`) =>
  `${toCount(count)} ${count === 1 ? one : many}`;

/** `12 ms`, `3.4 s`, `2 min 5 s`, `3 h`. */
export function toDuration(ms: number): string {
  if (Math.round(ms) < SECOND) return `${Math.round(ms)} ms`;
  if (ms < 10 * SECOND) return `${trim(ms / SECOND)} s`;
  const seconds = Math.round(ms / SECOND);
  if (seconds < 60) return `${seconds} s`;
  if (ms < HOUR) return join(Math.floor(seconds / 60), "min", seconds % 60, "s");
  if (ms < DAY) return join(Math.floor(ms / HOUR), "h", Math.round((ms % HOUR) / MINUTE), "min");
  return join(Math.floor(ms / DAY), "d", Math.round((ms % DAY) / HOUR), "h");
}

/** `just now`, `12 s ago`, `3 h ago`; a date when it is longer ago than a day. */
export function toAgo(iso: string, now: number): string {
  const ms = now - Date.parse(iso);
  if (ms < SECOND) return "just now";
  if (ms < MINUTE) return `${Math.floor(ms / SECOND)} s ago`;
  if (ms < HOUR) return `${Math.floor(ms / MINUTE)} min ago`;
  if (ms < DAY) return `${Math.floor(ms / HOUR)} h ago`;
  return day.format(new Date(iso));
}

/** `in 4 s`, or `now` when its time has come. */
export function toIn(iso: string, now: number): string {
  const ms = Date.parse(iso) - now;
  return ms < SECOND ? "now" : `in ${toDuration(Math.round(ms / SECOND) * SECOND)}`;
}

const trim = (value: number) => value.toFixed(1).replace(/\.0$/, "");
const join = (large: number, largeUnit: string, small: number, smallUnit: string) =>
  small === 0 ? `${large} ${largeUnit}` : `${large} ${largeUnit} ${small} ${smallUnit}`;
