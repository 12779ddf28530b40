import { writeSync } from "node:fs";

const STDOUT = 1;
/** Lambda's runtime puts so many bytes before each line: its kind, its length, the time. */
const FRAME = Buffer.alloc(16);

/**
 * Makes `console` write as Lambda's own does with the JSON log format: one `JSON.stringify` and one write for each
 * line, where Node's own would inspect the object for a person to read.
 * https://github.com/aws/aws-lambda-nodejs-runtime-interface-client/blob/main/src/LogPatch.js
 */
export function writeLikeLambda(requestId: string): void {
  const writerOf = (level: string) => (message: unknown) => {
    const line = JSON.stringify({ timestamp: new Date().toISOString(), level, requestId, message });
    writeSync(STDOUT, Buffer.concat([FRAME, Buffer.from(`${line}\n`)]));
  };
  Object.assign(console, { info: writerOf("INFO"), log: writerOf("INFO"), warn: writerOf("WARN") });
}
