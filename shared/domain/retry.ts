import * as z from "zod/mini";

/** A retry is never promised sooner than a second or later than 30 days. */
const MIN_DELAY_SECONDS = 1;
const MAX_DELAY_SECONDS = 30 * 86_400;
/** Bounds the attempts that one stored delivery has to hold (a DynamoDB item ends at 400 KB). */
const MAX_RETRIES = 100;
/** A receiver may ask for more patience than the policy has, but not for unbounded patience. */
export const MAX_RETRY_AFTER_SECONDS = 300;

/** Seconds to wait after the first, second, … failed attempt. Empty: one attempt and no retry. */
export const retryPolicy = () =>
  z
    .array(
      z
        .number({ error: "must be a comma-separated list of seconds, like 5,30,60,300" })
        .check(
          z.minimum(MIN_DELAY_SECONDS, `each delay must be at least ${MIN_DELAY_SECONDS} s`),
          z.maximum(MAX_DELAY_SECONDS, `each delay must be at most ${MAX_DELAY_SECONDS} s (30 days)`),
        ),
    )
    .check(z.maxLength(MAX_RETRIES, `at most ${MAX_RETRIES} delays`));
export type RetryPolicy = readonly number[];

/**
 * When the attempt after a failed one is due.
 * @param failed the number of the failed attempt, from 1
 * @param endedAt epoch milliseconds at which it ended
 * @param retryAfterSeconds what the receiver asked for, if it did
 * @returns epoch milliseconds, or undefined when the policy has no retry left
 */
export function nextDueAt(
  policy: RetryPolicy,
  failed: number,
  endedAt: number,
  retryAfterSeconds?: number,
): number | undefined {
  const delaySeconds = policy[failed - 1];
  if (delaySeconds === undefined) return undefined;
  const asked = Math.min(retryAfterSeconds ?? 0, MAX_RETRY_AFTER_SECONDS);
  return endedAt + Math.max(delaySeconds, asked) * 1000;
}

// Date.parse alone would take "1.5" or "Tuesday 3" for a date. RFC 9110 §5.6.7 has three forms, all in GMT.
const HTTP_DATE = /^[A-Z][a-z]{2,8}, \d{2}[ -][A-Z][a-z]{2}[ -]\d{2,4} \d{2}:\d{2}:\d{2} GMT$/;
const ASCTIME = /^[A-Z][a-z]{2} [A-Z][a-z]{2} [ \d]\d \d{2}:\d{2}:\d{2} \d{4}$/;

/**
 * `Retry-After` in seconds from `now`, for both forms of RFC 9110 §10.2.3 (delay-seconds and HTTP-date).
 * @returns undefined for an absent header and for nonsense; never a negative number
 */
export function parseRetryAfter(header: string | undefined, now: number): number | undefined {
  const text = header?.trim();
  if (!text) return undefined;
  if (/^\d{1,10}$/.test(text)) return Number(text);
  const at = Date.parse(ASCTIME.test(text) ? `${text} GMT` : HTTP_DATE.test(text) ? text : "");
  return Number.isNaN(at) ? undefined : Math.max(0, (at - now) / 1000);
}
