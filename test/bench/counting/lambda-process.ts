import { randomUUID } from "node:crypto";
import * as z from "zod";
import { setFunctionEnvironment } from "../../../infra/local/lambda/lambda.ts";
import { LOG_LINE_BYTES } from "./platform-lines.ts";
import { type Tally, tally } from "./usage.ts";

type Handler = (event: unknown, context: object) => Promise<unknown>;
const handlerModule = z.object({
  handler: z.custom<Handler>((value) => typeof value === "function", "is no function"),
});
type Start = Parameters<typeof setFunctionEnvironment>;

export interface Started {
  /** From the import of the bundle to its end, on a whole CPU, as Lambda initialises. */
  readonly initMs: number;
  readonly error?: string;
}

/** What one invocation came to. */
export interface Invoked {
  /** JSON; undefined when the handler returned nothing. */
  readonly result?: string | undefined;
  readonly error?: string;
  /** How long it had nothing to do but wait. */
  readonly idleMs: number;
  readonly cpuMs: number;
  /** Lines and their bytes, by what they tell of. */
  readonly logs: Readonly<Record<string, Tally>>;
}

/**
 * One execution environment of a function, as Lambda has them: a process that runs the bundle, one invocation at a
 * time. What it logs is measured and not shown.
 */
let handler: Handler | undefined;
let logs: Record<string, Tally> = {};

const countLine = (about: string, text: string): void =>
  tally(logs, about, Buffer.byteLength(text) + LOG_LINE_BYTES);

/**
 * What is written to standard output, as our lines and metrics are, goes through as it is. With JSON as its log format,
 * Lambda makes such a line of what others than us give `console`.
 */
function countLogs(): void {
  const request = { timestamp: new Date().toISOString(), requestId: randomUUID() };
  const logger = (level: string) => (message: unknown) =>
    countLine("others", JSON.stringify({ ...request, level, message }));
  const [info, warn, error] = [logger("INFO"), logger("WARN"), logger("ERROR")];
  Object.assign(console, { log: info, info, warn, error });
  Object.assign(process.stdout, {
    write: (text: unknown) => countLine(aboutOf(String(text)), String(text).trim()),
  });
}

const ours = z.object({ event: z.string() });
const aboutOf = (text: string): string =>
  text.startsWith('{"_aws"') ? "metrics" : ours.parse(JSON.parse(text)).event;

async function start(bundle: string, [functions, urls]: Start): Promise<Started> {
  setFunctionEnvironment(functions, urls);
  countLogs();
  const startedAt = performance.now();
  ({ handler } = handlerModule.parse(await import(bundle)));
  return { initMs: performance.now() - startedAt };
}

async function invoke(handle: Handler, event: string, timeoutSeconds: number): Promise<Invoked> {
  logs = {};
  const idleBefore = performance.eventLoopUtilization().idle;
  const cpuBefore = process.cpuUsage();
  const endsAt = Date.now() + timeoutSeconds * 1000;
  const context = { awsRequestId: randomUUID(), getRemainingTimeInMillis: () => endsAt - Date.now() };
  let outcome: Pick<Invoked, "result" | "error">;
  try {
    // Reading the event and writing the answer is a part of what Lambda bills.
    outcome = { result: JSON.stringify(await handle(JSON.parse(event), context)) };
  } catch (error) {
    outcome = { error: messageOf(error) };
  }
  const { user, system } = process.cpuUsage(cpuBefore);
  const idleMs = performance.eventLoopUtilization().idle - idleBefore;
  return { ...outcome, idleMs, cpuMs: (user + system) / 1000, logs };
}

const messageOf = (error: unknown) => (error instanceof Error ? error.message : String(error));

interface Message {
  readonly start?: { readonly bundle: string; readonly environment: Start };
  readonly event?: string;
  readonly timeoutSeconds?: number;
}

async function answer({ start: wanted, event = "", timeoutSeconds = 0 }: Message): Promise<object> {
  if (wanted) return start(wanted.bundle, wanted.environment);
  if (!handler) throw new Error("It was not started");
  return invoke(handler, event, timeoutSeconds);
}

process.on("message", (message: Message) => {
  answer(message).then(
    (done) => process.send?.(done),
    (error: unknown) => process.send?.({ error: messageOf(error) }),
  );
});
process.on("disconnect", () => process.exit());
process.send?.({});
