import * as z from "zod/mini";
import { DEFAULT_ENDPOINT_PORTS, type EndpointRules } from "./domain/endpoint-rules.ts";
import { retryPolicy } from "./domain/retry.ts";
import { plainWords } from "./domain/wording.ts";

/** `true`/`false` as text; anything else is refused rather than guessed. */
export const flag = () =>
  z.pipe(
    z.enum(["true", "false"]),
    z.transform((text) => text === "true"),
  );
const someText = z.string().check(z.minLength(1));
const name = () => someText;
const anyUrl = z.url();
const queueUrl = () => anyUrl;
const wholeNumber = (min: number, max: number) =>
  z.coerce.number().check(z.int(), z.minimum(min), z.maximum(max));

/** Numbers with commas between them. What is none becomes NaN, for the list's own rule to refuse. */
const numberList = () =>
  z.pipe(
    z.string(),
    z.transform((text) => text.split(",").map((entry) => (entry.trim() === "" ? Number.NaN : Number(entry)))),
  );

const PORTS_WANTED = "must be a comma-separated list of ports from 1 to 65535, like 443,8443";

/** `5,30,60,300` → `[5, 30, 60, 300]`, checked by the policy's own rule. */
const delayList = () => z.pipe(numberList(), retryPolicy());

/** `443,8443` → `[443, 8443]` */
const portList = () =>
  z.pipe(
    numberList(),
    z
      .array(z.int(PORTS_WANTED).check(z.minimum(1, PORTS_WANTED), z.maximum(65_535, PORTS_WANTED)))
      .check(z.refine((ports) => new Set(ports).size === ports.length, "must not hold the same port twice")),
  );

/**
 * Every variable a function may read. The stack sets them; the functions name the ones they need, and only of those a
 * schema is made, as each takes its share of a cold start.
 * Defaults stand here only where a value is a product decision rather than a resource's name.
 */
export const variables = {
  API_KEYS_TABLE: name,
  WEBHOOKS_TABLE: name,
  DELIVERIES_TABLE: name,
  UNDELIVERED_TABLE: name,
  EVENTS_QUEUE_URL: queueUrl,
  DELIVERIES_QUEUE_URL: queueUrl,
  SLOW_DELIVERIES_QUEUE_URL: queueUrl,
  REDELIVERIES_QUEUE_URL: queueUrl,
  /** Where EventBridge Scheduler sends: it takes ARNs where SQS takes URLs. */
  DELIVERIES_DLQ_ARN: name,
  SCHEDULE_GROUP: name,
  SCHEDULE_ROLE_ARN: name,
  RETRY_DELAYS_SECONDS: () => z._default(delayList(), [5, 30, 60, 300]),
  /** Retries at least this long go by EventBridge schedule, shorter ones by SQS delay. */
  SCHEDULE_FROM_SECONDS: () => z._default(wholeNumber(1, 2_592_000), 60),
  ALLOW_PRIVATE_ENDPOINTS: () => z._default(flag(), false),
  ENDPOINT_PORTS: () => z._default(portList(), [...DEFAULT_ENDPOINT_PORTS]),
  /** How long a settled delivery stays in the log. */
  DELIVERY_TTL_DAYS: () => z._default(wholeNumber(1, 365), 30),
  /** False while functions run that read deliveries only as they were once stored (docs/decisions/0012-stored-form.md). */
  LEAN_ITEMS: () => z._default(flag(), true),
  /** What one account may take (shared/domain/account-limits.ts). */
  ACCOUNT_MAX_WEBHOOKS: () => z._default(wholeNumber(1, 1_000_000), 10_000),
  ACCOUNT_MAX_REQUESTS_PER_SECOND: () => z._default(wholeNumber(1, 1_000_000), 1_000),
  ACCOUNT_MAX_EVENTS_IN_FLIGHT: () => z._default(wholeNumber(1, 1_000_000_000), 1_000_000),
};

type Variables = typeof variables;
export type Config<Name extends keyof Variables> = { [N in Name]: z.output<ReturnType<Variables[N]>> };

export type Environment = Readonly<Record<string, string | undefined>>;

/** A setting that is missing or wrong. The message names each variable and what is wrong with it. */
export class ConfigError extends Error {
  override readonly name = "ConfigError";
}

/**
 * Reads the environment through a schema: this module is the only one that touches `process.env`.
 * An empty variable counts as unset.
 * @throws ConfigError naming every bad variable.
 */
export function readEnvironment<Shape extends z.core.$ZodShape>(
  shape: Shape,
  environment: Environment = process.env,
): z.output<z.ZodMiniObject<Shape>> {
  const given = Object.fromEntries(Object.entries(environment).filter(([, value]) => value !== ""));
  const parsed = z.object(shape).safeParse(given, { error: plainWords });
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map((issue) => `${String(issue.path[0])}: ${issue.message}`);
  throw new ConfigError(problems.join("; "));
}

/** The environment of a child process: this one's, and more. */
export const childEnvironment = (more: Readonly<Record<string, string>>): Record<string, string> => ({
  ...z.record(z.string(), z.string()).parse({ ...process.env }),
  ...more,
});

/**
 * The settings a function names, read once at cold start. One by one: to check an object, zod compiles a function
 * first, which takes longer than checking a dozen.
 * @throws ConfigError naming every bad variable.
 */
export function readConfig<Name extends keyof Variables>(...names: Name[]): Config<Name> {
  const read = names.map((key) => {
    const { data, error } = variables[key]().safeParse(process.env[key] || undefined, { error: plainWords });
    return { key, data, problem: error?.issues.map(({ message }) => `${key}: ${message}`).join("; ") };
  });
  const problems = read.flatMap(({ problem }) => problem ?? []);
  if (problems.length > 0) throw new ConfigError(problems.join("; "));
  return Object.fromEntries(read.map(({ key, data }) => [key, data])) as Config<Name>;
}

/** What a function asks of endpoints. */
export const endpointRules = (
  config: Config<"ALLOW_PRIVATE_ENDPOINTS" | "ENDPOINT_PORTS">,
): EndpointRules => ({
  allowPrivate: config.ALLOW_PRIVATE_ENDPOINTS,
  ports: config.ENDPOINT_PORTS,
});
