import fc from "fast-check";
import * as z from "zod";
import { schemaProblem, undocumented } from "../documented.ts";
import { type FuzzCase, fuzzCases, type Rule } from "./cases.ts";
import { exchange, type RawAnswer, type RawRequest, wireBytes } from "./raw-http.ts";
import { type Pools, type Stage, VICTIM_MARK } from "./stage.ts";

const ANSWER_WITHIN_MS = 5_000;
/** As many callers at a time. */
const CALLERS = 6;
/** After so many requests, the run is tidied up, and what it has now is what requests name. */
const ROUND = 120;

export interface Failure {
  readonly number: number;
  readonly way: string;
  readonly problem: string;
  /** A command for a POSIX shell that sends the very bytes. */
  readonly command: string;
}

export interface FuzzReport {
  readonly sent: number;
  readonly failures: readonly Failure[];
  /** How often each operation answered with each status, by `GET /webhooks 200`. */
  readonly seen: ReadonlyMap<string, number>;
  readonly slowest: { readonly operation: string; readonly durationMs: number };
}

const statusesOf: Readonly<Record<Rule, readonly number[]>> = {
  "gateway: no route": [404],
  "gateway: not decodable": [400],
  "http server": [400, 404, 413, 417, 431],
};

/** Sends `count` generated requests. The same seed makes the same ones. */
export async function fuzz(stage: Stage, seed: number, count: number): Promise<FuzzReport> {
  const cases = fc.sample(fuzzCases, { seed, numRuns: count });
  const failures: Failure[] = [];
  const seen = new Map<string, number>();
  let slowest = { operation: "none", durationMs: 0 };

  async function send(one: FuzzCase, number: number): Promise<void> {
    const request = resolve(one, stage.pools);
    const bytes = wireBytes(request, new URL(stage.local.url).host);
    let problem: string | undefined;
    try {
      const answer = await exchange(stage.local.url, bytes, ANSWER_WITHIN_MS);
      problem = problemOf(one, request, answer, stage);
      const operation = `${one.operation.method} ${one.operation.path}`;
      const key = `${operation} ${answer?.status ?? "closed"}`;
      seen.set(key, (seen.get(key) ?? 0) + 1);
      if (answer && answer.durationMs > slowest.durationMs)
        slowest = { operation, durationMs: answer.durationMs };
    } catch (error) {
      problem = error instanceof Error ? error.message : String(error);
    }
    if (problem !== undefined)
      failures.push({ number, way: one.way, problem, command: commandFor(bytes, stage) });
  }

  for (let at = 0; at < cases.length; at += ROUND) {
    const round = cases.slice(at, at + ROUND).entries();
    const callers = Array.from({ length: CALLERS }, async () => {
      for (const [index, one] of round) await send(one, at + index);
    });
    await Promise.all(callers);
    await stage.refresh();
  }
  return { sent: cases.length, failures, seen, slowest };
}

const PLACEHOLDER = /@@(\w+):(\d+)@@/g;

/** With everything in the place of its placeholder. */
function resolve({ method, target, headers, body }: FuzzCase, pools: Pools): RawRequest {
  const fill = (text: string) =>
    text.replace(PLACEHOLDER, (_, pool: string, n: string) => {
      const values = pools.get(pool) ?? [];
      return values[Number(n) % values.length] ?? "none";
    });
  return {
    ...{ method, target: fill(target) },
    headers: headers.map(([name, value]) => [name, fill(value)] as const),
    body: body && Buffer.from(fill(body.toString("latin1")), "latin1"),
  };
}

const jsonProblem = z.looseObject({
  errors: z.array(z.object({ path: z.string(), message: z.string() })).optional(),
});
/** Names of ours, and of what we are made of: stacks, files, tables, queues, AWS, libraries. */
const INTERNAL =
  /\bat .+:\d+|node_modules|\.[tj]s\b|dynamo|sqs|lambda|aws|zod|claimr-|Exception|undefined|\[object|local-/i;

/** What is wrong with an answer; undefined when nothing is. */
function problemOf(
  { operation, rule, mustBe, method }: FuzzCase,
  request: RawRequest,
  answer: RawAnswer | undefined,
  { keys }: Stage,
): string | undefined {
  if (!answer) return rule === "http server" ? undefined : "the connection was closed without an answer";
  const { status, headers, text } = answer;
  const contentType = headers.get("content-type") ?? "";
  if (status >= 500) return `answered ${status}: ${text}`;
  for (const key of Object.values(keys)) if (text.includes(key)) return "the answer holds an API key";
  if (text.includes(VICTIM_MARK)) return "the answer holds something of another account";
  if (rule === "http server" && !text)
    return statusesOf[rule].includes(status) || status === 204 ? undefined : `answered ${status}`;
  const body = parse(text, contentType);
  if (status >= 400) {
    const wrong = refusalProblem(body, request, method);
    if (wrong !== undefined) return `${status}: ${wrong}`;
  }
  if (mustBe !== undefined && status !== mustBe) return `answered ${status}, where only ${mustBe} is right`;
  if (rule && statusesOf[rule].includes(status)) return undefined;
  return undocumented(operation, { status, contentType, body });
}

/** Whether a refusal is in the documented shape, and gives nothing away. */
export function refusalProblem(
  body: unknown,
  { target, body: sent }: Pick<RawRequest, "target" | "body">,
  method: string,
): string | undefined {
  if (method === "HEAD") return undefined;
  const wrong = schemaProblem("#/components/schemas/Problem", body);
  if (wrong !== undefined) return wrong;
  const { errors, ...rest } = jsonProblem.parse(body);
  // A path names the caller's own fields.
  const said = JSON.stringify([rest, errors?.map(({ message }) => message)]);
  // What the caller says is not given away: one random id in a few hundred holds the letters of a short name.
  const given = `${target} ${sent}`;
  const ours = said.replaceAll(/[\w-]{10,}/g, (word) => (given.includes(word) ? "…" : word));
  if (INTERNAL.test(ours)) return `gives something away: ${ours}`;
  const secret = /"secret":"([^"\\]{8,})"/.exec(sent?.toString() ?? "")?.[1];
  if (secret !== undefined && said.includes(secret)) return "repeats a secret";
  return undefined;
}

function parse(text: string, contentType: string): unknown {
  if (text === "" || !/[/+]json$/.test(contentType)) return text;
  return JSON.parse(text);
}

/** bash's /dev/tcp carries any bytes. */
function commandFor(bytes: Buffer, { local }: Stage): string {
  const { port } = new URL(local.url);
  return `base64 -d <<<${bytes.toString("base64")} | (exec 3<>/dev/tcp/127.0.0.1/${port}; cat >&3; cat <&3)`;
}

/** The failures as one reads them: each kind once, with how often it came and a request that shows it. */
export function describeFailures({ failures }: FuzzReport): string {
  const kinds = Map.groupBy(failures, ({ way, problem }) => `${way}: ${problem.slice(0, 300)}`);
  return [...kinds]
    .map(
      ([kind, [first, ...more]]) =>
        `${kind}\n  (${more.length + 1}×, first #${first?.number})\n  ${first?.command.slice(0, 4_000)}`,
    )
    .join("\n");
}
