/**
 * What Lambda itself writes for an invocation, with JSON as the log format and INFO as the level of its own lines
 * (developer guide, "Log-level filtering"; Telemetry API's schema of platform.start and platform.report). With trace
 * ids, as tracing is on.
 */
const time = "2026-11-24T12:00:00.000Z";
const requestId = "79b4f56e-95b1-4643-9700-2807f4e68189";
const tracing = {
  spanId: "54565fb41ac79632",
  type: "X-Amzn-Trace-Id",
  value: "Root=1-62e900b2-710d76f009d6e7785905449a;Parent=0efbd19962d95b05;Sampled=1",
};
/** CloudWatch Logs counts so much for each line besides its text (PutLogEvents, API reference). */
export const LOG_LINE_BYTES = 26;

const lines = (memorySizeMB: number) => [
  { time, type: "platform.start", record: { requestId, version: "12", tracing } },
  {
    time,
    type: "platform.report",
    record: {
      requestId,
      metrics: { durationMs: 123.456, billedDurationMs: 124, memorySizeMB, maxMemoryUsedMB: 123 },
      tracing,
      status: "success",
    },
  },
];

export const LINES_OF_AN_INVOCATION = 2;

export const invocationLogBytes = (memoryMiB: number): number =>
  lines(memoryMiB).reduce(
    (total, line) => total + Buffer.byteLength(JSON.stringify(line)) + LOG_LINE_BYTES,
    0,
  );
