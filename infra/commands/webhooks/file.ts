import { isDeepStrictEqual } from "node:util";
import * as z from "zod";
import { readWebhook } from "../../../shared/aws/webhook-table.ts";
import { accountName } from "../../../shared/domain/api-key.ts";
import { endpointUrlProblem } from "../../../shared/domain/endpoint-url.ts";
import { secretText } from "../../../shared/domain/secret.ts";
import { plainWords } from "../../../shared/domain/wording.ts";

/** A stored registration as JSON has it: sets are lists. Fields that this version does not know are kept. */
export type Registration = Readonly<Record<string, unknown>>;
type Item = Readonly<Record<string, unknown>>;

const FORMAT = "claimr-webhooks registrations";
const VERSION = 1;

/** The first line. What a later version writes may mean something else, so it is refused rather than guessed. */
const header = z.object({
  format: z.literal(FORMAT, `must be "${FORMAT}": this is no export of registrations`),
  version: z.literal(VERSION, `must be ${VERSION}: use the version of this program that wrote the file`),
  stage: z.string(),
  exported_at: z.iso.datetime(),
  webhooks: z.int().nonnegative(),
});

/** The one field that DynamoDB holds as a set (shared/aws/webhook-table.ts). */
const SET = "disabled_urls";

/** @throws Error for what the file could not hold */
export function toRegistration(item: Item): Registration {
  const urls = item[SET];
  const plain = { ...item, ...(urls instanceof Set && { [SET]: [...urls].sort() }) };
  if (!isDeepStrictEqual(JSON.parse(JSON.stringify(plain)), plain))
    throw new Error("holds what JSON cannot, which this version does not know");
  readWebhook(plain);
  return plain;
}

export function toItem(registration: Registration): Item {
  const { [SET]: urls, ...item } = registration;
  return Array.isArray(urls) && urls.length > 0 ? { ...item, [SET]: new Set(urls) } : item;
}

export const nameOf = ({ account, hook_id }: Registration) => `${account}/${hook_id}`;

export function formatFile(stage: string, exportedAt: Date, registrations: readonly Registration[]): string {
  const head = {
    ...{ format: FORMAT, version: VERSION, stage },
    ...{ exported_at: exportedAt.toISOString(), webhooks: registrations.length },
  };
  return [head, ...registrations].map((line) => `${JSON.stringify(line)}\n`).join("");
}

/** What `register` would have asked of it, as far as a stage does not add to that. Deliveries ask it again. */
const fitting = z.looseObject({
  account: accountName,
  urls: z.array(
    z.string().superRefine((url, context) => {
      const message = endpointUrlProblem(url, { allowPrivate: true, ports: [] });
      if (message !== undefined) context.addIssue({ code: "custom", message });
    }),
  ),
  secrets: z.array(z.looseObject({ secret: secretText })),
});

function parseJson(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    throw new Error("is no JSON");
  }
}

/** The first thing that is wrong, by its path and never by its value, which may be a secret. */
function explain(error: unknown): string {
  if (!(error instanceof z.core.$ZodError)) return error instanceof Error ? error.message : String(error);
  const [issue] = error.issues;
  return issue ? `${issue.path.join(".")} ${issue.message}`.trim() : "is not understood";
}

function readRegistration(line: string): Registration {
  const parsed = fitting.parse(parseJson(line), { error: plainWords });
  readWebhook(parsed);
  return parsed;
}

/** All of a file, checked to the last line. @throws Error in one sentence that names each bad line */
export function parseFile(text: string): Registration[] {
  const problems: string[] = [];
  function attempt<Result>(line: number, read: () => Result): Result | undefined {
    try {
      return read();
    } catch (error) {
      problems.push(`line ${line} ${explain(error)}`);
      return undefined;
    }
  }
  const [first = "", ...lines] = text.split("\n").filter((line) => line.trim() !== "");
  const head = attempt(1, () => header.parse(parseJson(first), { error: plainWords }));
  const names = new Set<string>();
  const registrations = lines.flatMap((line, index) => {
    const read = attempt(index + 2, () => readRegistration(line));
    if (!read) return [];
    const name = nameOf(read);
    if (names.has(name)) problems.push(`line ${index + 2} is a second ${name}`);
    names.add(name);
    return [read];
  });
  if (head && head.webhooks !== lines.length)
    problems.push(`line 1 says ${head.webhooks} webhooks and ${lines.length} follow: the file is not whole`);
  if (problems.length > 0) throw new Error(problemText(problems));
  return registrations;
}

const MAX_SHOWN = 10;

function problemText(problems: readonly string[]): string {
  const more = problems.length > MAX_SHOWN ? `; and ${problems.length - MAX_SHOWN} more` : "";
  return `Nothing was imported: ${problems.slice(0, MAX_SHOWN).join("; ")}${more}.`;
}
