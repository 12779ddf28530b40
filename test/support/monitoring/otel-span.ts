import { createHash } from "node:crypto";
import * as z from "zod";

const line = z.object({
  timestamp: z.iso.datetime(),
  message: z.object({
    event: z.literal("delivery.attempted"),
    account: z.string(),
    event_id: z.string(),
    hook_id: z.string(),
    endpoint: z.string(),
    scope: z.string(),
    delivery_id: z.string(),
    attempt: z.int(),
    duration_ms: z.int(),
    http_status: z.int().optional(),
    error: z.string().optional(),
    decision: z.string(),
  }),
});

/** The span of OpenTelemetry that docs/observability.md makes of the line of an attempt. */
export function spanOf(attempted: string) {
  const { timestamp, message } = line.parse(JSON.parse(attempted));
  const endMs = Date.parse(timestamp);
  return {
    traceId: hex([message.account, message.event_id], 32),
    spanId: hex([message.delivery_id, message.attempt], 16),
    name: "POST",
    kind: "client",
    startMs: endMs - message.duration_ms,
    endMs,
    status: message.error === undefined ? { code: "unset" } : { code: "error", message: message.error },
    attributes: {
      "url.full": message.endpoint,
      ...(message.http_status !== undefined && { "http.response.status_code": message.http_status }),
      "http.request.resend_count": message.attempt - 1,
      "messaging.message.id": message.event_id,
      "claimr.account": message.account,
      "claimr.hook_id": message.hook_id,
      "claimr.delivery_id": message.delivery_id,
      "claimr.scope": message.scope,
      "claimr.decision": message.decision,
    },
  };
}

const hex = (parts: readonly (string | number)[], digits: number) =>
  createHash("sha256").update(JSON.stringify(parts)).digest("hex").slice(0, digits);
