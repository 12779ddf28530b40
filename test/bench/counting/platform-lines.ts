import * as z from "zod";
import { FUNCTION_METADATA } from "../../../infra/constructs/service-function.ts";
import type { Template } from "../../../infra/local/template/synthesize.ts";

/** What Lambda itself tells of a function's invocations that succeed, as the template has it. */
export interface Observed {
  /** With traces of their own. */
  readonly isTraced: boolean;
  /** With Lambda's own two lines. */
  readonly isReported: boolean;
}

const functionProperties = z.object({
  TracingConfig: z.object({ Mode: z.string() }).default({ Mode: "PassThrough" }),
  LoggingConfig: z.object({ LogFormat: z.literal("JSON"), SystemLogLevel: z.string().default("INFO") }),
});

/** By the functions' names. */
export const readObserved = ({ resources }: Template): ReadonlyMap<string, Observed> =>
  new Map(
    Object.values(resources).flatMap(({ Type, Properties, Metadata }): [string, Observed][] => {
      const name = z.string().optional().parse(Metadata[FUNCTION_METADATA]);
      if (Type !== "AWS::Lambda::Function" || name === undefined) return [];
      const { TracingConfig, LoggingConfig } = functionProperties.parse(Properties);
      const isReported = LoggingConfig.SystemLogLevel !== "WARN";
      return [[name, { isTraced: TracingConfig.Mode === "Active", isReported }]];
    }),
  );

/**
 * What Lambda itself writes for an invocation that succeeds, with JSON as the log format and INFO as the level of its
 * own lines; at WARN nothing (developer guide, "Log-level filtering"; Telemetry API's schema of platform.start and
 * platform.report). With trace ids, as tracing is on where they are written.
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
