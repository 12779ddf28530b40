import { vi } from "vitest";

const REQUEST_ID = "79b4f56e-95b1-4643-9700-2807f4e68189";
const levels = { info: "INFO", warn: "WARN", error: "ERROR" } as const;

/**
 * What CloudWatch Logs would be given. With JSON as its log format, Lambda's runtime makes one line of each call to
 * `console` with one object (aws-lambda-nodejs-runtime-interface-client, LogPatch.js, formatJsonMessage); what is
 * written to standard output directly, as metrics are, goes through as it is.
 */
export function captureLambdaLines() {
  const lines: string[] = [];
  const spies = Object.entries(levels).map(([method, level]) =>
    vi
      .spyOn(console, method === "info" ? "info" : method === "warn" ? "warn" : "error")
      .mockImplementation(
        (message: unknown) =>
          void lines.push(
            JSON.stringify({ timestamp: new Date().toISOString(), level, requestId: REQUEST_ID, message }),
          ),
      ),
  );
  const print = vi
    .spyOn(process.stdout, "write")
    .mockImplementation((text) => lines.push(String(text).trim()) > 0);
  return {
    lines,
    restore() {
      for (const spy of [...spies, print]) spy.mockRestore();
    },
  };
}
