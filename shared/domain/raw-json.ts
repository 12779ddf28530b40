/**
 * Slices of JSON text, exactly as they stand in it. Parsing and printing again would change what a publisher
 * signed off on: integers beyond 2^53, the order of integer-like keys, escapes, white space. Every function
 * here takes text that `JSON.parse` has accepted; on other text the result means nothing.
 */

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const isSpace = (code: number) => code === 0x20 || (code >= 0x09 && code <= 0x0d);
const opens = (char: string | undefined) => char === "{" || char === "[";
const closes = (char: string | undefined) => char === "}" || char === "]";

/** The values of an object by key, as text. Of a repeated key the last counts, as with `JSON.parse`. */
export function rawMembers(json: string): Map<string, string> {
  const members = new Map<string, string>();
  let at = skipSpace(json, skipSpace(json, 0) + 1);
  while (at < json.length && !closes(json[at])) {
    const keyEnd = endOfString(json, at);
    const start = skipSpace(json, skipSpace(json, keyEnd) + 1);
    const end = endOfValue(json, start);
    members.set(JSON.parse(json.slice(at, keyEnd)), json.slice(start, end));
    at = skipSeparator(json, end);
  }
  return members;
}

/** The elements of an array, as text. */
export function rawElements(json: string): string[] {
  const elements: string[] = [];
  let at = skipSpace(json, skipSpace(json, 0) + 1);
  while (at < json.length && !closes(json[at])) {
    const end = endOfValue(json, at);
    elements.push(json.slice(at, end));
    at = skipSeparator(json, end);
  }
  return elements;
}

/** The object with one more member in front, nothing else touched. The object must not be empty. */
export function withFirstMember(json: string, key: string, value: string): string {
  const at = json.indexOf("{") + 1;
  return `${json.slice(0, at)}${JSON.stringify(key)}:${JSON.stringify(value)},${json.slice(at)}`;
}

function skipSpace(json: string, from: number): number {
  let at = from;
  while (isSpace(json.charCodeAt(at))) at++;
  return at;
}

/** From the end of a value to the start of the next one, or to the closing bracket. */
function skipSeparator(json: string, from: number): number {
  const at = skipSpace(json, from);
  return json[at] === "," ? skipSpace(json, at + 1) : at;
}

function endOfString(json: string, openingQuote: number): number {
  let at = openingQuote + 1;
  for (; at < json.length; at++) {
    const code = json.charCodeAt(at);
    if (code === BACKSLASH) at++;
    else if (code === QUOTE) break;
  }
  return at + 1;
}

function endOfValue(json: string, start: number): number {
  if (json[start] === '"') return endOfString(json, start);
  let depth = 0;
  for (let at = start; at < json.length; at++) {
    const char = json[at];
    if (char === '"') at = endOfString(json, at) - 1;
    else if (opens(char)) depth++;
    else if (closes(char)) {
      // A number or literal ends at the bracket that closes its container; an object or array at its own.
      if (depth === 0) return at;
      depth--;
      if (depth === 0) return at + 1;
    } else if (depth === 0 && (char === "," || isSpace(json.charCodeAt(at)))) return at;
  }
  return json.length;
}
