import * as z from "zod/mini";
import { type Attempt, attempt, type Delivery, delivery, type Undelivered } from "../domain/delivery.ts";
import type { AccountedDelivery } from "../domain/ledger.ts";
import type { Item } from "./attributes.ts";

/**
 * How a delivery stands in a table. DynamoDB is paid by the byte, and writes by the started KiB, so it is written lean:
 * times as epoch milliseconds, 8 bytes rather than 24; attempts with short names; without what is null, and without
 * what the rest of the item tells. It was once written spelled out, as the API shows it, and is read in both forms:
 * docs/decisions/0012-stored-form.md.
 */
export const DELIVERY_SK = "delivery";

export const isoOf = (epochMs: number) => new Date(epochMs).toISOString();

/** Epoch milliseconds; a time that they would not give back as it was, such as one without milliseconds, as it is. */
export function toStoredTime(iso: string): number | string {
  const epochMs = Date.parse(iso);
  return Number.isNaN(epochMs) || isoOf(epochMs) !== iso ? iso : epochMs;
}

/** What a Date can hold (ECMAScript, "Time Values and Time Range"). */
const MAX_EPOCH_MS = 8_640_000_000_000_000;
const epochMs = z.int().check(z.minimum(-MAX_EPOCH_MS), z.maximum(MAX_EPOCH_MS));
const time = z.union([z.iso.datetime(), z.pipe(epochMs, z.transform(isoOf))]);
const unlessNull = <Of extends z.ZodMiniType>(of: Of) =>
  z.pipe(
    z.nullish(of),
    z.transform((value) => value ?? null),
  );

/** What is mostly wrong with an answer of such a status, so that it need not be stored. Never to be changed: it reads. */
const usualError = (status: number | null): string | null =>
  status === null || (status >= 200 && status < 300) ? null : `answered ${status}`;

const leanAttempt = z.pipe(
  z.object({
    n: attempt.shape.number,
    due: time,
    /** From its due time to its start. */
    late_ms: z.optional(z.int()),
    /** In place of `late_ms`, where that would not give it back as it was. */
    started: z.optional(time),
    took_ms: attempt.shape.duration_ms,
    http: unlessNull(z.int()),
    error: z.nullish(z.string()),
    response: unlessNull(z.string()),
  }),
  z.transform(
    ({ n, due, late_ms = 0, started, took_ms, http, error, response }): Attempt => ({
      ...{ number: n, due_at: due, started_at: started ?? isoOf(Date.parse(due) + late_ms) },
      ...{
        duration_ms: took_ms,
        status: http,
        error: error === undefined ? usualError(http) : error,
        response,
      },
    }),
  ),
);

const stored = z.extend(delivery, {
  pk: z.string(),
  sk: z.string(),
  /** Spelled out only: the key holds it. */
  id: z.optional(z.string()),
  reason: unlessNull(z.string()),
  attempts: z.array(z.union([leanAttempt, attempt])),
  next_attempt_at: unlessNull(time),
  /** Where it is missing, nothing has changed since. */
  created_at: z.optional(time),
  updated_at: time,
  /** When a redelivery took it up again. */
  taken_at: z.optional(z.iso.datetime()),
});

/** The attributes that `readStored` reads, in either form. */
export const storedAttributes: readonly string[] = Object.keys(stored.shape);

/** A delivery stands under its own id, and its undelivered row under `<ISO time>#<id>`. */
export const idOfKey = ({ pk, sk }: { readonly pk: string; readonly sk: string }): string =>
  sk === DELIVERY_SK ? pk : sk.slice(sk.indexOf("#") + 1);

/** @throws $ZodError */
export function readAccounted(item: Item): AccountedDelivery {
  const { pk, sk, id = idOfKey({ pk, sk }), ...found } = stored.parse(item);
  return { id, ...found, created_at: found.created_at ?? found.updated_at };
}

/** An item of the deliveries table, or a row of the undelivered table without its body. @throws $ZodError */
export function readStored(item: Item): Delivery {
  const { taken_at: _, ...found } = readAccounted(item);
  return found;
}

const bodied = z.object({ body: z.string() });

/** A row of the undelivered table. @throws $ZodError */
export const readStoredUndelivered = (item: Item): Undelivered => ({
  ...readStored(item),
  ...bodied.parse(item),
});

/** Writes a delivery as the attributes of an item, without its key. */
export type ToStored = (of: Delivery) => Item;

function leanAttemptOf({ number, due_at, started_at, duration_ms, status, error, response }: Attempt) {
  const [due, started] = [toStoredTime(due_at), toStoredTime(started_at)];
  const isExact = typeof due === "number" && typeof started === "number";
  return {
    ...{ n: number, due, ...(isExact ? { late_ms: started - due } : { started }), took_ms: duration_ms },
    ...(status !== null && { http: status }),
    ...(error !== usualError(status) && { error }),
    ...(response !== null && { response }),
  };
}

export const toStored: ToStored = ({ id: _, reason, attempts, next_attempt_at, ...rest }) => {
  const { created_at, updated_at, ...kept } = rest;
  return {
    ...kept,
    ...(reason !== null && { reason }),
    attempts: attempts.map(leanAttemptOf),
    ...(next_attempt_at !== null && { next_attempt_at: toStoredTime(next_attempt_at) }),
    ...(created_at !== updated_at && { created_at: toStoredTime(created_at) }),
    updated_at: toStoredTime(updated_at),
  };
};

/** @param isLean false: spelled out, for as long as functions run that read nothing else */
export const storedForm = (isLean: boolean): ToStored => (isLean ? toStored : (of) => ({ ...of }));
