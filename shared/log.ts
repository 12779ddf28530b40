import { Console } from "node:console";

/**
 * Lambda's runtime puts time, level and request id around what the global `console` is given, some 117 bytes a line.
 * Lines of JSON on standard output it leaves as they are, as it does those of metrics, and CloudWatch keeps the time of
 * each beside it. The write is synchronous; it would wait only if more than a pipe holds (64 KiB on Linux, some 200
 * lines) were not read yet. A console, as it bears an output that is closed.
 * https://aws.amazon.com/lambda/faqs/ ("Can I use my own logging libraries": what is JSON is not encoded again)
 * https://github.com/awslabs/aws-embedded-metrics-node/issues/171 (and gets no fields)
 */
const output = new Console(process.stdout);

/**
 * Lines wait for the end of the turn that they are of: the attempts of a batch are recorded by one request, and told of
 * by one write. Until then nothing is received or sent, so no line is behind what it tells of, and all are in the pipe
 * before Lambda freezes the process.
 */
let waiting: string[] = [];

function flush(): void {
  if (waiting.length === 0) return;
  const lines = waiting.join("\n");
  waiting = [];
  output.log(lines);
}
process.on("exit", flush);

/**
 * One line of JSON for one thing that happened: an event name and its fields, never a secret and never a body. A
 * field that JSON cannot carry is left out: nothing fails for its log line.
 */
export const log = {
  /**
   * Without a level, which Lambda takes for INFO.
   * https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-log-level.html
   */
  info(event: string, fields: Readonly<Record<string, unknown>>): void {
    if (waiting.push(toJson({ event, ...fields })) === 1) process.nextTick(flush);
  },

  /** With its time: without a valid one Lambda takes a line for INFO, whatever level it says (the same page). */
  error(event: string, error: unknown, fields: Readonly<Record<string, unknown>> = {}): void {
    const timestamp = new Date().toISOString();
    waiting.push(toJson({ timestamp, level: "ERROR", event, ...fields, error: describe(error) }));
    // What failed may end the process.
    flush();
  },
};

function toJson(line: Readonly<Record<string, unknown>>): string {
  try {
    return JSON.stringify(line);
  } catch {
    const fields = Object.entries(line).map(([name, value]) => [name, writable(value)]);
    return JSON.stringify(Object.fromEntries(fields));
  }
}

/** In place of what JSON cannot carry, such as a cycle. */
function writable(value: unknown): unknown {
  if (typeof value === "bigint") return String(value);
  try {
    JSON.stringify(value);
    return value;
  } catch {
    return "no JSON";
  }
}

/** Of causes of causes: an error may be its own. */
const MAX_DEPTH = 4;

function describe(error: unknown, depth = 0): unknown {
  if (!(error instanceof Error)) return String(error);
  const { name, cause } = error;
  if (depth === MAX_DEPTH) return name;
  return {
    ...{ name, message: withoutQuote(error, error.message), stack: withoutQuote(error, error.stack) },
    ...(cause !== undefined && { cause: describe(cause, depth + 1) }),
    // The first few tell what the others would.
    ...(error instanceof AggregateError && {
      errors: error.errors.slice(0, 3).map((one) => describe(one, depth + 1)),
    }),
  };
}

/**
 * `JSON.parse` quotes the text that it could not read, which may be a body or a stored item, as in
 * `Unexpected token 'x', ..."secret: x"... is not valid JSON`.
 */
const withoutQuote = (error: Error, text: string | undefined) =>
  error instanceof SyntaxError
    ? text?.replace(
        /(?:Unexpected token '[\s\S]*?', )?(?:\.{3})?"[\s\S]*"(?:\.{3})? is not valid JSON/,
        "not valid JSON",
      )
    : text;
