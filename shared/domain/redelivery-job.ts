import * as z from "zod/mini";
import { time } from "./time.ts";
import { hookId } from "./webhook.ts";

const DEFAULT_PER_SECOND = 50;
const MAX_PER_SECOND = 500;

/** The body of `POST /undelivered/redeliver`. */
export const redeliveryRange = z.strictObject({
  hook_id: hookId,
  since: z.optional(time),
  until: z.optional(time),
  /** Only count what matches. */
  dry_run: z._default(z.boolean(), false),
  /** The pace, so that a server that has just come back is not overrun. */
  per_second: z._default(
    z
      .int("must be a whole number")
      .check(
        z.minimum(1, "must be at least 1"),
        z.maximum(MAX_PER_SECOND, `must be at most ${MAX_PER_SECOND}`),
      ),
    DEFAULT_PER_SECOND,
  ),
});

/** A range being redelivered, slice by slice, newest first. */
export const redeliveryJob = z.object({
  job_id: z.string(),
  account: z.string(),
  hook_id: hookId,
  status: z.enum(["running", "done", "cancelled"]),
  since: z.optional(z.iso.datetime()),
  /**
   * Exclusive, and never after the job was made: what its own redeliveries fail to deliver is not its
   * business.
   */
  until: z.iso.datetime(),
  per_second: z.int(),
  /** Null when there were too many to count in time. */
  matched: z.nullable(z.int()),
  redelivered: z.int(),
  /** Left undelivered, because their endpoint is disabled or gone. */
  skipped: z.int(),
  /** All rows at or above this sort key are dealt with. */
  before: z.optional(z.string()),
  /**
   * The rows being dealt with: counted when they were chosen, as a crash may come when some are gone already.
   */
  slice: z.optional(z.object({ last: z.string(), count: z.int() })),
  /** Counts the changes: of two copies of the job's message, one is too late. */
  version: z.int(),
  created_at: z.iso.datetime(),
  updated_at: z.iso.datetime(),
});
export type RedeliveryJob = z.infer<typeof redeliveryJob>;

/** What travels through the redeliveries queue: one delivery, or the next slice of a job. */
export const redeliveryMessage = z.discriminatedUnion("kind", [
  /** `given_up_at` finds the row, also when the delivery has moved on meanwhile. */
  z.object({ kind: z.literal("delivery"), delivery_id: z.string(), given_up_at: z.iso.datetime() }),
  /** `job` comes with the first slice, in case it is not stored yet. */
  z.object({ kind: z.literal("job"), job_id: z.string(), job: z.optional(redeliveryJob) }),
]);
export type RedeliveryMessage = z.infer<typeof redeliveryMessage>;

/** What the API shows of a job. */
export function jobView({ job_id, hook_id, status, since, until, ...job }: RedeliveryJob) {
  const { matched, redelivered, skipped, per_second, created_at, updated_at } = job;
  return {
    ...{ job_id, hook_id, status, since: since ?? null, until },
    ...{ per_second, matched, redelivered, skipped, created_at, updated_at },
  };
}
