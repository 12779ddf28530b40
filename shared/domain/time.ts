import * as z from "zod/mini";

/** An ISO 8601 time with any offset, in UTC afterwards. */
export const time = z
  .pipe(
    z.iso.datetime({ offset: true, error: "must be an ISO 8601 time, like 2026-11-23T12:00:00Z" }),
    z.transform((text) => new Date(text).toISOString()),
  )
  // At the edges of the calendar an offset leads out of the four-digit years, which sort as text.
  .check(z.refine((text) => /^\d{4}-/.test(text), "must lie within the years 0000 to 9999"));
