import { chunks } from "../../shared/domain/chunks.ts";
import {
  type Delivery,
  type DeliveryMessage,
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
  readonly restart: (givenUp: Delivery, updatedAt: string) => Promise<boolean>;
  readonly undelivered: {
    find(of: Delivery): Promise<Undelivered | undefined>;
    /** Newest first: what `before` (exclusive) and `since` (inclusive) leave, at most `limit`. */
    keys(owner: Owner, limit: number, range: Range): Promise<readonly string[]>;
    rows(owner: Owner, limit: number, range: Range): Promise<readonly Undelivered[]>;
    remove(row: Delivery): Promise<void>;
  };
  readonly jobs: {
    find(id: string): Promise<RedeliveryJob | undefined>;
    change(job: RedeliveryJob, fields: Partial<RedeliveryJob>): Promise<RedeliveryJob | undefined>;
  };
  readonly deliver: (message: DeliveryMessage) => Promise<unknown>;
  /** Brings a job's message back a second later, for its next slice. */
  readonly goOn: (jobId: string) => Promise<unknown>;
}

/**
 * Takes deliveries up again that were given up. Each step may be repeated after a crash: a row leaves the
 * undelivered table last, when its delivery is on the queue, and a delivery that is on its way already is not
 * sent twice.
 */
export function createRedeliver(deps: RedeliverDeps) {
  const { jobs, undelivered } = deps;

  return async function redeliver(message: RedeliveryMessage): Promise<void> {
    if (message.kind === "job") return goThrough(message.job_id);
    const delivery = await deps.findDelivery(message.delivery_id);
    const row = delivery && (await undelivered.find(delivery));
    if (row) await takeUp(row, await deps.findWebhook(row.account, row.hook_id));
  };

  /** @returns false when the row stays, because nothing could be delivered to its endpoint */
  async function takeUp(row: Undelivered, webhook: Webhook | undefined): Promise<boolean> {
    const now = deps.now();
    if (!webhook || currentEndpointState(webhook, row.url, now).is !== "live") return false;
    const { body, ...givenUp } = row;
    if (await deps.restart(givenUp, now.toISOString())) {
      await deps.deliver(redeliveryMessage(givenUp, webhook.registration, body, now));
    }
    await undelivered.remove(givenUp);
    return true;
  }

  /** One slice of a job: as many rows as the job may redeliver in a second. */
  async function goThrough(jobId: string): Promise<void> {
    const found = await jobs.find(jobId);
    if (found?.status !== "running") return;
    const job = await choose(found);
    if (!job?.slice) return;
    const { last, count } = job.slice;
    const owner = { account: job.account, hookId: job.hook_id };
    const [webhook, rows] = await Promise.all([
      deps.findWebhook(job.account, job.hook_id),
      undelivered.rows(owner, count, { before: job.before ?? job.until, since: last }),
    ]);
    let skipped = 0;
    for (const some of chunks(rows, MAX_AT_ONCE)) {
      const taken = await Promise.all(some.map((row) => takeUp(row, webhook)));
      skipped += taken.filter((wasTaken) => !wasTaken).length;
    }
    const moved = await jobs.change(job, {
      before: last,
      slice: undefined,
      redelivered: job.redelivered + count - skipped,
      skipped: job.skipped + skipped,
      updated_at: deps.now().toISOString(),
    });
    if (moved) await deps.goOn(jobId);
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
