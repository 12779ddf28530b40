/** Strings whole (their commas and braces are text), punctuation one by one, numbers and words as they stand. */
const token = /"(?:[^"\\]|\\.)*"|[{}[\],:]|[^\s{}[\],:"]+/g;

/**
 * JSON with line breaks and indents. It is laid out, not parsed: integers beyond 2^53, `1.00` and the order of keys
 * stay as they were published. Text that is no JSON comes back as it is.
 */
export function layOutJson(text: string): string {
  try {
    JSON.parse(text);
  } catch {
    return text;
  }
  const tokens = text.match(token) ?? [];
  let depth = 0;
  let out = "";
  const line = () => `\n${"  ".repeat(depth)}`;
  for (const [at, part] of tokens.entries()) {
    const closes = part === "}" || part === "]";
    const isEmpty = tokens[at - 1] === (part === "}" ? "{" : "[");
    if (closes) depth -= 1;
    if (closes && !isEmpty) out += line();
    out += part === ":" ? ": " : part;
    if (part === "{" || part === "[") depth += 1;
    const next = tokens[at + 1];
    if ((part === "{" && next !== "}") || (part === "[" && next !== "]") || part === ",") out += line();
  }
  return out;
}
