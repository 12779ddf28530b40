import { createHash } from "node:crypto";

/**
 * The ids of W3C Trace Context and OpenTelemetry, derived rather than handed on: whoever knows an event's id
 * knows its trace, every retry and redelivery is in it, and no message has to carry anything
 * (docs/observability.md).
 */
export const traceId = (of: { readonly account: string; readonly event_id: string }): string =>
  hex([of.account, of.event_id], 32);

/** One attempt of a delivery. */
export const spanId = (deliveryId: string, attempt: number): string => hex([deliveryId, attempt], 16);

const hex = (parts: readonly (string | number)[], digits: number) =>
  createHash("sha256").update(JSON.stringify(parts)).digest("hex").slice(0, digits);
