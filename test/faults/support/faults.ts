import { setTimeout as sleep } from "node:timers/promises";
import {
  type Answer,
  type Call,
  errorAnswer,
  isPartial,
  leaveOutLast,
  nothingDone,
  recordsIn,
} from "./operations.ts";
import type { Outcome } from "./proxy.ts";

/**
 * What can go wrong with one call. `once` is what the SDK's next try, or our own repetition, cures; the others
 * outlast them. After a crash nothing more comes of an invocation; an abandoned one goes on beside its successor.
 */
export const kinds = [
  "throttled",
  "throttled once",
  "failed",
  "reset",
  "reset once",
  "answer lost",
  "answer lost once",
  "hangs",
  "hangs once",
  "partly done",
  "partly done once",
  "crash before",
  "crash after",
  "abandoned",
] as const;
export type Kind = (typeof kinds)[number];

export interface Fault {
  readonly kind: Kind;
  readonly fn: string;
  readonly operation: string;
  /** Which call of this operation by this function, from 1. */
  readonly nth: number;
}

/** Long enough for the successor to be at work, and to overtake it. */
const ABANDONED_MS = 1_500;

/** Nobody goes on after a caller of the API was answered: such a function is frozen until its next call. */
const FED_BY_QUEUES = ["fanout", "deliver", "redeliver"];

export function canHappenTo(kind: Kind, fn: string, operation: string, nth: number): boolean {
  if (kind.startsWith("partly")) return isPartial(operation);
  if (kind === "abandoned") return FED_BY_QUEUES.includes(fn);
  // Each takes as long as the SDK's patience.
  if (kind === "hangs") return nth === 1 && FED_BY_QUEUES.includes(fn);
  return kind !== "hangs once" || nth === 1;
}

type Forward = (body?: string) => Promise<Answer>;

/**
 * Watches the calls of one world and does the fault to its call.
 * @param end ends an invocation: as a crash, or by the poller's losing patience
 */
export function createWatch(end: (invocation: string) => void) {
  const seen = new Map<string, Set<string>>();
  const dead = new Set<string>();
  const abandoned = new Set<string>();
  /** By invocation and delivery: whether the record that it made of an attempt got in. */
  const records = new Map<string, boolean>();
  let fault: Fault | undefined;
  let hitBy: Call | undefined;

  function position({ fn, operation, id }: Call): number {
    const key = `${fn} ${operation}`;
    const ids = seen.get(key) ?? new Set();
    seen.set(key, ids.add(id));
    return [...ids].indexOf(id) + 1;
  }

  async function intercept(call: Call, forwardAsIs: Forward): Promise<Outcome> {
    for (const id of recordsOf(call)) records.set(id, records.get(id) ?? false);
    if (dead.has(call.invocation)) return "reset";
    async function forward(body = call.body): Promise<Answer> {
      const answer = await forwardAsIs(body);
      if (answer.status === 200) for (const id of recordsOf({ ...call, body })) records.set(id, true);
      return answer;
    }
    const nth = position(call);
    const goesOn = fault?.kind === "partly done" && hitBy?.invocation === call.invocation && nth > fault.nth;
    const isTarget =
      fault?.fn === call.fn && fault.operation === call.operation && (fault.nth === nth || goesOn);
    if (!fault || !isTarget) return forward();
    const isRepeated = hitBy !== undefined;
    hitBy ??= call;
    return happen(fault.kind, call, forward, isRepeated);
  }

  async function happen(kind: Kind, call: Call, forward: Forward, isRepeated: boolean): Promise<Outcome> {
    const [what = "", once] = kind.split(" once");
    if (once !== undefined && isRepeated) return forward();
    switch (what) {
      case "throttled":
      case "failed":
        return errorAnswer(call.operation, what);
      case "answer lost":
        await forward();
        return "reset";
      case "hangs":
        return "hang";
      case "partly done":
        return partly(call, forward);
      case "crash after":
        await forward();
        return die(call);
      case "crash before":
        return die(call);
      case "abandoned":
        abandoned.add(call.invocation);
        end(call.invocation);
        await sleep(ABANDONED_MS);
        return forward();
      default:
        return "reset";
    }
  }

  function die(call: Call): Outcome {
    dead.add(call.invocation);
    end(call.invocation);
    return "reset";
  }

  async function partly(call: Call, forward: Forward): Promise<Answer> {
    const { done, amend } = leaveOutLast(call);
    if (done === undefined) {
      const headers = { "content-type": "application/x-amz-json-1.0" };
      return { status: 200, headers, body: amend(nothingDone(call.operation)) };
    }
    const answer = await forward(done);
    return { ...answer, body: amend(answer.body) };
  }

  return {
    intercept,
    /** From now on calls are counted, and the fault happens to the one it names. */
    arm(given: Fault | undefined) {
      seen.clear();
      fault = given;
    },
    wasHit: () => hitBy !== undefined,
    /** How many calls of each operation each function made. */
    counts: () => [...seen].map(([key, ids]) => ({ key, count: ids.size })),
    /** How many attempts of a delivery may have left without a record of theirs. */
    unrecorded: (deliveryId: string): number =>
      [...records].filter(([key, isStored]) => {
        const [invocation = "", id] = key.split("/");
        return id === deliveryId && (!isStored || abandoned.has(invocation));
      }).length,
  };
}

const recordsOf = (call: Call) =>
  call.fn === "deliver" ? recordsIn(call).map((id) => `${call.invocation}/${id}`) : [];

export type Watch = ReturnType<typeof createWatch>;
