import { useState } from "preact/hooks";
import { Modal } from "../components/modal.tsx";
import { Progress } from "../components/progress.tsx";
import { Failure, Loading } from "../components/states.tsx";
import { WebhookSelect } from "../components/webhook-select.tsx";
import { plural, toCount, toFull } from "../format.ts";
import { useAction, useApi, useLoad, usePolling } from "../hooks.ts";
import type { Job, Range } from "../types.ts";
import type { Filters } from "./undelivered-filters.tsx";

const POLL_MS = 1_000;

interface RedeliverRangeProps {
  range: Filters;
  /** Rows have left the list. */
  onChanged: () => void;
  onClose: () => void;
}

/** Sends all of a webhook's undelivered again, in the time that is filtered by: counted first, then as a job. */
export function RedeliverRange({ range, onChanged, onClose }: RedeliverRangeProps) {
  const [hookId, setHookId] = useState(range.hook_id);
  const [jobId, setJobId] = useState<string>();
  const chosen: Range = {
    hook_id: hookId,
    ...(range.since && { since: range.since }),
    ...(range.until && { until: range.until }),
  };
  function close() {
    if (jobId !== undefined) onChanged();
    onClose();
  }
  return (
    <Modal title="Redeliver all" onClose={close}>
      {jobId !== undefined ? (
        <Running jobId={jobId} onClose={close} />
      ) : (
        <>
          <WebhookSelect value={hookId} none="Choose a webhook" onChange={setHookId} />
          <p class="hint">{describe(range)}</p>
          {hookId === "" ? (
            <div class="actions">
              <button type="button" onClick={close}>
                Cancel
              </button>
            </div>
          ) : (
            <Count key={hookId} range={chosen} onStarted={setJobId} onClose={close} />
          )}
        </>
      )}
    </Modal>
  );
}

function describe({ since, until }: Filters): string {
  if (!since && !until) return "From any time. The search does not narrow this.";
  const bounds = [since && `since ${toFull(since)}`, until && `until ${toFull(until)}`].filter(Boolean);
  return `Undelivered ${bounds.join(", ")}. The search does not narrow this.`;
}

interface CountProps {
  range: Range;
  onStarted: (jobId: string) => void;
  onClose: () => void;
}

function Count({ range, onStarted, onClose }: CountProps) {
  const api = useApi();
  const dryRun = useLoad(() => api.redeliverRange({ ...range, dry_run: true }), "");
  const { isBusy, problem, run } = useAction();
  const matched = dryRun.value?.matched;

  async function start() {
    const { job_id } = await api.redeliverRange(range);
    if (job_id !== null) onStarted(job_id);
  }
  return (
    <>
      <Failure problem={problem ?? dryRun.problem} />
      {matched === undefined && !dryRun.problem && <Loading label="Counting" rows={1} />}
      {matched !== undefined && (
        <p class="prose">
          <b>{matched === null ? "More events than can be counted" : plural(matched, "event")}</b>{" "}
          {matched === 1 ? "is" : "are"} sent again
          {matched !== 0 && ", each with a fresh run of attempts and the webhook-id it had"}.
        </p>
      )}
      <div class="actions">
        <button type="button" onClick={onClose}>
          Cancel
        </button>
        <button
          type="button"
          class="primary"
          disabled={isBusy || matched === undefined || matched === 0}
          onClick={() => void run(start)}
        >
          {matched ? `Redeliver ${toCount(matched)}` : "Redeliver"}
        </button>
      </div>
    </>
  );
}

const titles: Record<Job["status"], string> = {
  running: "Sending again",
  done: "Sent again",
  cancelled: "Cancelled",
};

function Running({ jobId, onClose }: { jobId: string; onClose: () => void }) {
  const api = useApi();
  const { value: job, problem, reload } = useLoad(() => api.job(jobId), jobId);
  const { isBusy, problem: notCancelled, run } = useAction();
  const isRunning = !job || job.status === "running";
  usePolling(reload, isRunning ? POLL_MS : undefined);

  async function cancel() {
    await api.cancelJob(jobId);
    reload();
  }
  return (
    <>
      {!job && !problem && <Loading label="Starting" rows={1} />}
      {job && <Progress label={titles[job.status]} done={job.redelivered} of={job.matched} />}
      {job?.skipped ? (
        <p class="hint">{toCount(job.skipped)} skipped: the endpoint is gone or disabled.</p>
      ) : null}
      {isRunning && <p class="hint">You may close this: it goes on by itself.</p>}
      <Failure problem={problem ?? notCancelled} onRetry={reload} />
      <div class="actions">
        {isRunning && (
          <button type="button" class="danger-quiet" disabled={isBusy} onClick={() => void run(cancel)}>
            Cancel job
          </button>
        )}
        <button type="button" class={isRunning ? "" : "primary"} onClick={onClose}>
          {isRunning ? "Close" : "Done"}
        </button>
      </div>
    </>
  );
}
