import type * as z from "zod/mini";

/** What a value must be, in words that fit after the name of a field. */
const nouns: Readonly<Record<string, string>> = {
  string: "a string",
  number: "a number",
  int: "a whole number",
  boolean: "true or false",
  array: "a list",
  object: "an object",
};

/** What a text must be whose schema says nothing itself. */
const formats: Readonly<Record<string, string>> = { url: "a URL", datetime: "an ISO 8601 time" };

/**
 * zod's own messages speak to programmers ("Invalid input: expected string, received undefined"), and the part of zod
 * that is bundled has none. A schema that says nothing itself is spoken for here.
 */
export function plainWords(issue: z.core.$ZodRawIssue): string {
  switch (issue.code) {
    case "invalid_type":
      return issue.input === undefined ? "is missing" : `must be ${nouns[issue.expected] ?? issue.expected}`;
    case "invalid_value":
      return `must be ${issue.values.map(String).join(" or ")}`;
    case "invalid_format":
      return issue.format in formats ? `must be ${formats[issue.format]}` : "has the wrong form";
    case "too_small":
      return issue.origin === "string" ? "must not be empty" : `must be at least ${issue.minimum}`;
    case "too_big":
      return `must be at most ${issue.maximum}${issue.origin === "string" ? " characters" : ""}`;
    default:
      return "is not valid";
  }
}
