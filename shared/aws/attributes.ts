import type { AttributeValue } from "@aws-sdk/client-dynamodb";

export type Item = Readonly<Record<string, unknown>>;

/**
 * Values as DynamoDB takes them, without those that are undefined. For calls that are many: the document client walks
 * through every command in search of what to convert, and the SDK's own conversion knows JavaScript's every class, and
 * asks each value for its own. What we store is JSON and bytes; those come out as Base64, as they travel (`native-json.ts`).
 * @throws TypeError for anything else, and for a number that is none or has lost digits (beyond 2^53)
 */
export function toAttributes(values: Item): Record<string, AttributeValue> {
  const attributes: Record<string, AttributeValue> = {};
  for (const [name, value] of Object.entries(values)) {
    if (value !== undefined) attributes[name] = toAttribute(value);
  }
  return attributes;
}

function toAttribute(value: unknown): AttributeValue {
  if (typeof value === "string") return { S: value };
  if (typeof value === "number" && isExact(value)) return { N: String(value) };
  if (typeof value === "boolean") return { BOOL: value };
  if (value === null) return { NULL: true };
  if (Array.isArray(value)) return { L: value.filter((one) => one !== undefined).map(toAttribute) };
  if (value instanceof Uint8Array) return { B: toBase64(value) };
  if (isPlain(value)) return { M: toAttributes(value) };
  throw new TypeError(`DynamoDB stores no ${typeof value} such as this`);
}

/** @returns what the SDK's type knows before it is written only */
const toBase64 = (bytes: Uint8Array) =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("base64") as unknown as Uint8Array;

const isExact = (value: number) => Number.isFinite(value) && Math.abs(value) <= Number.MAX_SAFE_INTEGER;

function isPlain(value: unknown): value is Item {
  if (typeof value !== "object" || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}
