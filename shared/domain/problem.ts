import type * as z from "zod/mini";
import { plainWords } from "./wording.ts";

/** What went wrong for the caller. The REST border gives each kind its HTTP status. */
export type ProblemKind =
  | "malformed"
  | "forbidden"
  | "not-found"
  | "conflict"
  | "too-large"
  | "invalid"
  | "too-many";

export interface FieldError {
  /** Dotted path of the field, such as `campaign.id` or `events.3.user`. */
  readonly path: string;
  readonly message: string;
}

/** An answer stays readable, and below what Lambda may answer, however much is wrong. */
const MAX_ERRORS = 100;
const MAX_PATH_CHARACTERS = 200;

/** A refusal that the caller is told about, in full. Anything else that is thrown is ours, and is not. */
export class Problem extends Error {
  override readonly name = "Problem";
  readonly kind: ProblemKind;
  readonly errors: readonly FieldError[];

  constructor(kind: ProblemKind, detail: string, errors: readonly FieldError[] = []) {
    super(detail);
    this.kind = kind;
    this.errors = errors.slice(0, MAX_ERRORS);
  }
}

/** A limit of the account is reached. */
export class TooMany extends Problem {
  /** When it makes sense to try again. */
  readonly retryAfterSeconds: number;

  constructor(detail: string, retryAfterSeconds: number) {
    super("too-many", detail);
    this.retryAfterSeconds = retryAfterSeconds;
  }
}

/**
 * The input parsed, or a Problem that names every bad field. `prefix` is where the input stands in its
 * document.
 */
export function parseInput<Schema extends z.ZodMiniType>(
  schema: Schema,
  input: unknown,
  prefix: readonly PropertyKey[] = [],
): z.output<Schema> {
  const parsed = schema.safeParse(input, { error: plainWords });
  if (parsed.success) return parsed.data;
  const errors = parsed.error.issues.flatMap((issue) => fieldErrors(issue, prefix));
  throw new Problem("invalid", "Some fields are not valid", errors);
}

function fieldErrors(issue: z.core.$ZodIssue, prefix: readonly PropertyKey[]): FieldError[] {
  const path = [...prefix, ...issue.path];
  // zod reports unknown keys at their object; the caller wants the key named.
  if (issue.code === "unrecognized_keys") {
    return issue.keys.map((key) => ({ path: dotted([...path, key]), message: "is not a known field" }));
  }
  // Of alternatives, the one whose type the input has says what is wrong with it.
  if (issue.code === "invalid_union") {
    const meant = issue.errors.find(
      (issues) => !issues.some(({ code, path: at }) => code === "invalid_type" && !at.length),
    );
    if (meant) return meant.flatMap((inner) => fieldErrors(inner, path));
  }
  return [{ path: dotted(path), message: issue.message }];
}

const dotted = (path: readonly PropertyKey[]) => path.map(String).join(".").slice(0, MAX_PATH_CHARACTERS);

/** JSON text parsed. @throws Problem `malformed`, with the parser's reason but none of the text. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    // V8 quotes the offending text after the position or the token; a body may hold what must not be echoed.
    const reason = error instanceof Error ? (/at position \d+/.exec(error.message)?.[0] ?? "") : "";
    throw new Problem("malformed", `The body is not valid JSON ${reason}`.trim());
  }
}
