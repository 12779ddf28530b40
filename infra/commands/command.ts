import { parseArgs } from "node:util";
import * as z from "zod";
import { codeOf, messageOf } from "../local/failure.ts";

/** A mistake in the call, told in one sentence. */
export class UsageError extends Error {}

type Options = NonNullable<NonNullable<Parameters<typeof parseArgs>[0]>["options"]>;

/** Options of every command. */
const common = { stage: { type: "string" }, help: { type: "boolean" } } as const satisfies Options;

/** Options through a schema. @throws UsageError naming each that is wrong */
export function check<Shape extends z.ZodRawShape>(shape: Shape, given: Record<string, unknown>) {
  const parsed = z.object(shape).safeParse(given);
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map(({ path, message }) => `--${String(path[0])} ${message}`);
  throw new UsageError(problems.join("; "));
}

/** An option that belongs to another verb of the same command. */
export const unset = (reason: string) => z.undefined(reason).optional();

/** What a command was called with: its options unchecked, and the words between them. */
export interface Call {
  readonly values: Readonly<Record<string, unknown>>;
  readonly words: readonly string[];
}

/**
 * A command of `npm run`: every failure is one sentence on standard error and exit code 1, with the usage when
 * the call was wrong.
 * @param run resolves with the exit code; nothing means 0
 */
export async function command(
  usage: string,
  options: Options,
  run: (call: Call) => Promise<number | undefined>,
): Promise<void> {
  try {
    const { values, positionals: words } = parseArgs({
      options: { ...common, ...options },
      allowPositionals: true,
    });
    if (values.help) return console.log(usage);
    process.exitCode = (await run({ values, words })) ?? 0;
  } catch (error) {
    console.error(messageOf(error));
    const isMisuse = error instanceof UsageError || codeOf(error)?.startsWith("ERR_PARSE_ARGS");
    if (isMisuse) console.error(`\n${usage}`);
    process.exitCode = 1;
  }
}
