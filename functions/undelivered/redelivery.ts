import { type Delivery, MAX_ATTEMPTS } from "../../shared/domain/delivery.ts";
import { Problem } from "../../shared/domain/problem.ts";
import {
  jobView,
  type RedeliveryJob,
  type RedeliveryMessage,
  redeliveryRange,
} from "../../shared/domain/redelivery-job.ts";
import { currentEndpointState, type Webhook } from "../../shared/domain/webhook.ts";
import type { ApiAnswer, ApiRequest } from "../../shared/http/api.ts";

export interface RedeliveryDeps {
  readonly now: () => Date;
  readonly newId: () => string;
  readonly findWebhook: (account: string, hookId: string) => Promise<Webhook | undefined>;
  /** The caller's undelivered delivery of that id. @throws Problem `not-found` */
  readonly findMine: (account: string, id: string) => Promise<Delivery>;
  /** Undefined when there are too many to count while a caller waits. */
  readonly count: (
    owner: { account: string; hookId: string },
    range: { before: string; since: string | undefined },
  ) => Promise<number | undefined>;
  readonly jobs: {
    create(job: RedeliveryJob): Promise<void>;
    find(id: string): Promise<RedeliveryJob | undefined>;
    change(job: RedeliveryJob, fields: Partial<RedeliveryJob>): Promise<RedeliveryJob | undefined>;
  };
  readonly enqueue: (message: RedeliveryMessage) => Promise<unknown>;
}

/** As nanoid makes them. */
const isJobId = (text: string) => /^[A-Za-z0-9_-]{21}$/.test(text);

const MAX_CANCEL_TRIES = 5;

/** Asks for redelivery; `functions/redeliver` does the work. */
export function createRedelivery(deps: RedeliveryDeps) {
  async function jobOf({ account, path }: ApiRequest): Promise<RedeliveryJob> {
    const { id = "" } = path;
    const job = isJobId(id) ? await deps.jobs.find(id) : undefined;
    if (job?.account !== account) throw new Problem("not-found", "There is no such job");
    return job;
  }

  return {
    /** A fresh run of attempts for one delivery, under the same `webhook-id`. */
    async one({ account, path }: ApiRequest): Promise<ApiAnswer> {
      const { id, hook_id, url, attempts, updated_at } = await deps.findMine(account, path.id ?? "");
      const endpoint = currentEndpointState(await deps.findWebhook(account, hook_id), url, deps.now());
      if (endpoint.is !== "live") {
        const reason = endpoint.is === "removed" ? "the endpoint was removed" : endpoint.reason;
        throw new Problem("conflict", `It cannot be redelivered: ${reason}`);
      }
      if (attempts.length >= MAX_ATTEMPTS) {
        throw new Problem(
          "conflict",
          `It cannot be redelivered: it has had ${attempts.length} attempts already`,
        );
      }
      await deps.enqueue({ kind: "delivery", delivery_id: id, given_up_at: updated_at });
      return { status: 202, body: { id } };
    },

    /** The same for all of a webhook's that were given up in a time range, as a job. */
    async range(request: ApiRequest): Promise<ApiAnswer> {
      const { hook_id, since, until, dry_run, per_second } = request.json(redeliveryRange);
      const { account } = request;
      const now = deps.now().toISOString();
      if (!(await deps.findWebhook(account, hook_id)))
        throw new Problem("not-found", "There is no such webhook");
      const end = until !== undefined && until < now ? until : now;
      const matched = (await deps.count({ account, hookId: hook_id }, { before: end, since })) ?? null;
      if (dry_run) return { status: 202, body: { job_id: null, matched } };
      const job_id = deps.newId();
      const job: RedeliveryJob = {
        ...{ job_id, account, hook_id, status: "running", since, until: end, per_second, matched },
        ...{ redelivered: 0, skipped: 0, version: 1, created_at: now, updated_at: now },
      };
      // On the queue first, and whole: a call that ends between the two leaves no job that nobody works on.
      await deps.enqueue({ kind: "job", job_id, job });
      await deps.jobs.create(job);
      return { status: 202, body: { job_id, matched } };
    },

    async showJob(request: ApiRequest): Promise<ApiAnswer> {
      return { status: 200, body: jobView(await jobOf(request)) };
    },

    /** What is under way ends; nothing more is begun. Cancelling a job that has ended changes nothing. */
    async cancelJob(request: ApiRequest): Promise<ApiAnswer> {
      for (let tries = 0; tries < MAX_CANCEL_TRIES; tries++) {
        const job = await jobOf(request);
        if (job.status !== "running") return { status: 204 };
        const cancelled = { status: "cancelled" as const, updated_at: deps.now().toISOString() };
        if (await deps.jobs.change(job, cancelled)) return { status: 204 };
      }
      throw new Problem("conflict", "The job is changing too fast; try again");
    },
  };
}
