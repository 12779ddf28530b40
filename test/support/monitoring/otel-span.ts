import { createHash } from "node:crypto";
import * as z from "zod";
import type { LogEvent } from "./lambda-console.ts";

const attempted = z.object({
  event: z.literal("delivery.attempted"),
  account: z.string(),
  event_id: z.string(),
  hook_id: z.string(),
  endpoint: z.string().optional(),
  delivery_id: z.string(),
  attempt: z.int(),
  duration_ms: z.int(),
  http_status: z.int().optional(),
  error: z.string().optional(),
  decision: z.string(),
});

/** The span of OpenTelemetry that docs/observability.md makes of the line of an attempt. */
export function spanOf({ at, line }: LogEvent) {
  const told = attempted.parse(JSON.parse(line));
  const statusCode = told.http_status ?? (told.decision === "delivered" ? 200 : undefined);
  return {
    traceId: hex([told.account, told.event_id], 32),
    spanId: hex([told.delivery_id, told.attempt], 16),
    name: "POST",
    kind: "client",
    startMs: at - told.duration_ms,
    endMs: at,
    status:
      told.decision === "delivered"
        ? { code: "unset" }
        : { code: "error", message: told.error ?? `answered ${told.http_status}` },
    attributes: {
      ...(told.endpoint !== undefined && { "url.full": told.endpoint }),
      ...(statusCode !== undefined && { "http.response.status_code": statusCode }),
      "http.request.resend_count": told.attempt - 1,
      "messaging.message.id": told.event_id,
      "claimr.account": told.account,
      "claimr.hook_id": told.hook_id,
      "claimr.delivery_id": told.delivery_id,
      "claimr.decision": told.decision,
    },
  };
}

const hex = (parts: readonly (string | number)[], digits: number) =>
  createHash("sha256").update(JSON.stringify(parts)).digest("hex").slice(0, digits);
