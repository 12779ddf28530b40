import * as z from "zod/mini";
import { Problem } from "../domain/problem.ts";

const MAX_LIMIT = 100;
const DEFAULT_LIMIT = 20;

/** The query parameters that every list takes. */
export const paging = {
  limit: z._default(
    z.coerce
      .number({ error: "must be a number" })
      .check(
        z.int("must be a whole number"),
        z.minimum(1, "must be at least 1"),
        z.maximum(MAX_LIMIT, `must be at most ${MAX_LIMIT}`),
      ),
    DEFAULT_LIMIT,
  ),
  cursor: z.optional(z.string()),
};

/** A position in a list that is in order of time: an ISO time and an id, the latter to tell two of one moment apart. */
export const positionInTime = z
  .string()
  .check(z.regex(/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z#[A-Za-z0-9_-]{1,64}$/));

/**
 * Cursors of one list: opaque text for the position of the next page. A position holds no account (the
 * caller's key says whose list it is), so a cursor that somebody makes up reaches nothing it should not.
 */
export function cursorOf<Schema extends z.ZodMiniType>(position: Schema) {
  const encode = (at: z.output<Schema>) => Buffer.from(JSON.stringify(at)).toString("base64url");
  return {
    write: (next: z.output<Schema> | undefined): string | null => (next === undefined ? null : encode(next)),

    /** @throws Problem `invalid` for anything that `write` makes of no position */
    read(cursor: string | undefined): z.output<Schema> | undefined {
      if (cursor === undefined) return undefined;
      const parsed = position.safeParse(decode(cursor));
      // Base64 and JSON are read with lenience: many texts mean one position, and only one of them is its cursor.
      if (parsed.success && encode(parsed.data) === cursor) return parsed.data;
      throw new Problem("invalid", "Some fields are not valid", [
        { path: "cursor", message: "is not a cursor that this list has given out" },
      ]);
    },
  };
}

function decode(cursor: string): unknown {
  try {
    return JSON.parse(Buffer.from(cursor, "base64url").toString("utf8"));
  } catch {
    return undefined;
  }
}
