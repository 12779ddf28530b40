import { chunks } from "../../shared/domain/chunks.ts";
import {
  type Delivery,
  type DeliveryMessage,
  MAX_ATTEMPTS,
  redeliveryMessage,
  type Undelivered,
} from "../../shared/domain/delivery.ts";
import type { RedeliveryJob, RedeliveryMessage } from "../../shared/domain/redelivery-job.ts";
import { currentEndpointState, type Webhook } from "../../shared/domain/webhook.ts";

interface Range {
  readonly before: string | undefined;
  readonly since: string | undefined;
}
interface Owner {
  readonly account: string;
  readonly hookId: string;
}

/** More calls at a time would only queue for the SDK's sockets, and time out there. */
const MAX_AT_ONCE = 50;

export interface RedeliverDeps {
  readonly now: () => Date;
  readonly findWebhook: (account: string, hookId: string) => Promise<Webhook | undefined>;
  readonly findDelivery: (id: string) => Promise<Delivery | undefined>;
  /** On behalf of one asker, who may ask again. False: it is somebody else's, or has moved on. */
  readonly restart: (givenUp: Delivery, askedBy: string, now: Date) => Promise<boolean>;
  readonly undelivered: {
    find(of: Delivery, givenUpAt: string): Promise<Undelivered | undefined>;
    /** Newest first: what `before` (exclusive) and `since` (inclusive) leave, at most `limit`. */
    keys(owner: Owner, limit: number, range: Range): Promise<readonly string[]>;
    /** All of the range that can be read; `onUnreadable` is told of each other one. */
    rows(owner: Owner, range: Range, onUnreadable: () => void): Promise<readonly Undelivered[]>;
    remove(row: Delivery): Promise<void>;
  };
  readonly jobs: {
    find(id: string): Promise<RedeliveryJob | undefined>;
    create(job: RedeliveryJob): Promise<void>;
    change(job: RedeliveryJob, fields: Partial<RedeliveryJob>): Promise<RedeliveryJob | undefined>;
  };
  readonly deliver: (message: DeliveryMessage) => Promise<unknown>;
  /** Brings a job's message back a second later, for its next slice. */
  readonly goOn: (jobId: string) => Promise<unknown>;
  readonly log: { info(event: string, fields: Readonly<Record<string, unknown>>): void };
}

/**
 * Takes deliveries up again that were given up. Each step may be repeated after a crash: a row leaves the
 * undelivered table last, when its delivery is on the queue, and a delivery that is on its way already is not
 * sent twice.
 */
export function createRedeliver(deps: RedeliverDeps) {
  const { jobs, undelivered } = deps;

  /** @param askedBy names the message, so that it may be handled again after a crash, and no other with it */
  return async function redeliver(message: RedeliveryMessage, askedBy: string): Promise<void> {
    if (message.kind === "job") return goThrough(message.job_id, message.job);
    const delivery = await deps.findDelivery(message.delivery_id);
    const row = delivery && (await undelivered.find(delivery, message.given_up_at));
    if (row) await takeUp(row, await deps.findWebhook(row.account, row.hook_id), askedBy);
  };

  /** @returns false when the row stays, because nothing could be delivered to its endpoint */
  async function takeUp(row: Undelivered, webhook: Webhook | undefined, askedBy: string): Promise<boolean> {
    const now = deps.now();
    if (!webhook || currentEndpointState(webhook, row.url, now).is !== "live") return false;
    if (row.attempts.length >= MAX_ATTEMPTS) return false;
    const { body, ...givenUp } = row;
    if (await deps.restart(givenUp, askedBy, now)) {
      await deps.deliver(redeliveryMessage(givenUp, webhook.registration, body, now));
      const { account, event_id, hook_id, id: delivery_id } = givenUp;
      deps.log.info("delivery.redelivered", { account, event_id, hook_id, delivery_id });
    } else if (await isBeingTakenUp(givenUp)) return true;
    // Ours, and on its way; or a leftover of a redelivery that was.
    await undelivered.remove(givenUp);
    return true;
  }

  /** Somebody else has it, and will remove the row. */
  async function isBeingTakenUp({ id, updated_at }: Delivery): Promise<boolean> {
    const current = await deps.findDelivery(id);
    return current?.status === "pending" && current.updated_at === updated_at;
  }

  /** One slice of a job: as many rows as the job may redeliver in a second. */
  async function goThrough(jobId: string, asked: RedeliveryJob | undefined): Promise<void> {
    let found = await jobs.find(jobId);
    if (!found && asked) {
      await jobs.create(asked);
      found = asked;
    }
    if (found?.status !== "running") return;
    const job = await choose(found);
    if (!job?.slice) return;
    const { last, count } = job.slice;
    const owner = { account: job.account, hookId: job.hook_id };
    let skipped = 0;
    const [webhook, rows] = await Promise.all([
      deps.findWebhook(job.account, job.hook_id),
      undelivered.rows(owner, { before: job.before ?? job.until, since: last }, () => skipped++),
    ]);
    for (const some of chunks(rows, MAX_AT_ONCE)) {
      const taken = await Promise.all(some.map((row) => takeUp(row, webhook, jobId)));
      skipped += taken.filter((wasTaken) => !wasTaken).length;
    }
    if (await settleSlice(job, last, count - skipped, skipped)) await deps.goOn(jobId);
  }

  /** @returns whether the job goes on: false when it was cancelled, or another copy of its message was faster */
  async function settleSlice(
    job: RedeliveryJob,
    before: string,
    redelivered: number,
    skipped: number,
  ): Promise<boolean> {
    const counted = (base: RedeliveryJob) => ({
      ...{ before, slice: undefined, updated_at: deps.now().toISOString() },
      redelivered: base.redelivered + redelivered,
      skipped: base.skipped + skipped,
    });
    if (await jobs.change(job, counted(job))) return true;
    // Cancelled meanwhile: what was done all the same still counts.
    const current = await jobs.find(job.job_id);
    if (current?.status === "cancelled" && current.slice) await jobs.change(current, counted(current));
    return false;
  }

  /**
   * The job with a slice to work on: the one that a crash has left, or the next. Undefined when there is
   * nothing to do.
   */
  async function choose(job: RedeliveryJob): Promise<RedeliveryJob | undefined> {
    if (job.slice) return job;
    const owner = { account: job.account, hookId: job.hook_id };
    const keys = await undelivered.keys(owner, job.per_second, {
      before: job.before ?? job.until,
      since: job.since,
    });
    const last = keys.at(-1);
    const updated_at = deps.now().toISOString();
    if (last !== undefined) return jobs.change(job, { slice: { last, count: keys.length }, updated_at });
    await jobs.change(job, { status: "done", updated_at });
    return undefined;
  }
}
