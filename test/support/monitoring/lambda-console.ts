import { vi } from "vitest";

const REQUEST_ID = "79b4f56e-95b1-4643-9700-2807f4e68189";
const levels = { info: "INFO", warn: "WARN", error: "ERROR" } as const;

/** A line of a log group, and the time that CloudWatch keeps beside it. */
export interface LogEvent {
  /** Epoch milliseconds. */
  readonly at: number;
  readonly line: string;
}

/**
 * What CloudWatch Logs would be given. What is written to standard output, as our lines and metrics are, goes through
 * as it is. With JSON as its log format, Lambda's runtime makes one line of each call to `console` with one object
 * (aws-lambda-nodejs-runtime-interface-client, LogPatch.js, formatJsonMessage), which only others than us make.
 */
export function captureLambdaLines() {
  const events: LogEvent[] = [];
  const keep = (line: string) => events.push({ at: Date.now(), line });
  const spies = Object.entries(levels).map(([method, level]) =>
    vi
      .spyOn(console, method === "info" ? "info" : method === "warn" ? "warn" : "error")
      .mockImplementation(
        (message: unknown) =>
          void keep(
            JSON.stringify({ timestamp: new Date().toISOString(), level, requestId: REQUEST_ID, message }),
          ),
      ),
  );
  const print = vi.spyOn(process.stdout, "write").mockImplementation((text) => {
    for (const line of String(text).trim().split("\n")) keep(line);
    return true;
  });
  return {
    events,
    lines: () => events.map(({ line }) => line),
    /** After the lines that wait for the end of this turn. */
    async restore(): Promise<void> {
      await new Promise<void>((resolve) => process.nextTick(resolve));
      for (const spy of [...spies, print]) spy.mockRestore();
    },
  };
}
