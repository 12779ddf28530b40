/**
 * The local run cannot start, for a reason that whoever started it can mend.
 * The message says what and how, in one sentence.
 */
export class StartFailure extends Error {
  override readonly name = "StartFailure";
}

/** What went wrong, as text, whatever was thrown. */
export const messageOf = (thrown: unknown): string =>
  thrown instanceof Error ? thrown.message : String(thrown);

/** The `code` that Node gives its system errors (`EADDRINUSE`, `EACCES` …), if there is one. */
export const codeOf = (thrown: unknown): string | undefined =>
  thrown instanceof Error && "code" in thrown && typeof thrown.code === "string" ? thrown.code : undefined;
