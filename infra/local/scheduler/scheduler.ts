import { log } from "../../../shared/log.ts";
import { messageOf } from "../failure.ts";
import type { Random } from "./random.ts";
import { instantOf, type ScheduleDefinition, SchedulerError } from "./requests.ts";
import type { ScheduleStore, StoredSchedule } from "./store.ts";
import type { SchedulerTarget } from "./target.ts";

/**
 * How far in the past a time may be. AWS refuses past times without saying how strictly; `at()` has whole
 * seconds, so "now" may be written up to a second before it, and the request is a moment on its way.
 */
const PAST_GRACE_MS = 2_000;
/**
 * Also below setTimeout's ceiling of 24 days, and how soon a laptop that was asleep notices what it missed.
 */
const LONGEST_SLEEP_MS = 30_000;
/** More at once would only queue for the SDK's 50 sockets. */
const MAX_IN_FLIGHT = 50;
const RETRY_BASE_MS = 1_000;
const RETRY_CEILING_MS = 60_000;

export interface SchedulerOptions {
  readonly store: ScheduleStore;
  readonly target: SchedulerTarget;
  /** Each schedule fires up to this much after its time, as AWS may (60). */
  readonly latenessSeconds: number;
  readonly random: Random;
}

export type Scheduler = ReturnType<typeof startScheduler>;

/**
 * EventBridge Scheduler for one-shot schedules. Fires each at least once: it sends first and deletes after,
 * so a crash in between sends again. What came due while it was down fires at once.
 */
export function startScheduler({ store, target, latenessSeconds, random }: SchedulerOptions) {
  const inFlight = new Map<string, Promise<void>>();
  let timer: NodeJS.Timeout | undefined;
  let stopped = false;

  function fireDue(): void {
    if (stopped) return;
    const now = Date.now();
    for (const { groupName, name } of store.due(now, MAX_IN_FLIGHT + inFlight.size)) {
      const key = `${groupName}/${name}`;
      if (inFlight.has(key) || inFlight.size >= MAX_IN_FLIGHT) continue;
      const schedule = store.find(groupName, name);
      if (!schedule) continue;
      const firing = fire(schedule).finally(function settle() {
        inFlight.delete(key);
        fireDue();
      });
      inFlight.set(key, firing);
    }
    // What is due now is in flight, or waits for a place there; the timer is for the rest.
    const next = store.nextAfter(now);
    clearTimeout(timer);
    timer = next === null ? undefined : setTimeout(fireDue, Math.min(next - now, LONGEST_SLEEP_MS));
  }

  async function fire(schedule: StoredSchedule): Promise<void> {
    const { Input, DeadLetterConfig, RetryPolicy } = schedule.definition.Target;
    try {
      await target.send(Input);
    } catch (error) {
      const attempts = schedule.attempts + 1;
      log.error("schedule.failed", error, { name: schedule.definition.Name, attempts });
      if (attempts <= RetryPolicy.MaximumRetryAttempts) {
        const backoffMs = Math.min(RETRY_BASE_MS * 2 ** schedule.attempts, RETRY_CEILING_MS);
        store.reschedule(schedule, Date.now() + backoffMs, attempts);
        return;
      }
      const reason = messageOf(error);
      if (DeadLetterConfig) await target.bury(DeadLetterConfig.Arn, Input, reason).catch(logLoss);
    }
    complete(schedule);
  }

  function complete(schedule: StoredSchedule): void {
    const { GroupName, Name, ActionAfterCompletion } = schedule.definition;
    if (ActionAfterCompletion === "DELETE") store.remove(GroupName, Name);
    else store.reschedule(schedule, null, schedule.attempts);
  }

  fireDue();

  return {
    /**
     * The same client token twice is one schedule.
     * @throws SchedulerError for a time in the past or a name that is taken
     */
    create(definition: ScheduleDefinition, clientToken: string | undefined): void {
      const existing = store.find(definition.GroupName, definition.Name);
      if (existing && existing.clientToken === clientToken) return;
      if (existing)
        throw new SchedulerError("ConflictException", `Schedule ${definition.Name} already exists.`);
      const now = Date.now();
      const dueAtMs = instantOf(definition.ScheduleExpression);
      if (dueAtMs < now - PAST_GRACE_MS) {
        throw new SchedulerError("ValidationException", `${definition.ScheduleExpression} is in the past.`);
      }
      // Drawn once and stored, so that a restart does not change it.
      const fireAtMs = Math.round(dueAtMs + random() * latenessSeconds * 1_000);
      store.add({ definition, clientToken: clientToken ?? null, createdAtMs: now, fireAtMs, attempts: 0 });
      fireDue();
    },

    /** Begins no more, waits for what is under way, and closes the store. */
    async stop(): Promise<void> {
      stopped = true;
      clearTimeout(timer);
      await Promise.all(inFlight.values());
      store.close();
    },
  };
}

const logLoss = (error: unknown) => log.error("schedule.lost", error);
