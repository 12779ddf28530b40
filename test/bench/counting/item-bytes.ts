import * as z from "zod";

/** An attribute value on DynamoDB's wire: one member, named by its type. */
const attributeValue = z.record(z.string(), z.unknown());
const attributes = z.record(z.string(), attributeValue);

/** Of a list or map, besides what it holds; and of each thing in it. */
const CONTAINER_BYTES = 3;
const ENTRY_BYTES = 1;

/** The size of an item as DynamoDB counts it (developer guide, "DynamoDB item sizes and formats"). */
export const itemBytes = (item: unknown): number =>
  Object.entries(attributes.parse(item)).reduce(
    (total, [name, value]) => total + Buffer.byteLength(name) + valueBytes(value),
    0,
  );

function valueBytes(given: unknown): number {
  const [type = "", value] = Object.entries(attributeValue.parse(given))[0] ?? [];
  switch (type) {
    case "N":
      return numberBytes(String(value));
    case "B":
      return Buffer.from(String(value), "base64").length;
    case "NULL":
    case "BOOL":
      return 1;
    case "L":
      return sum(z.array(z.unknown()).parse(value), (one) => ENTRY_BYTES + valueBytes(one)) + CONTAINER_BYTES;
    case "M":
      return itemBytes(value) + ENTRY_BYTES * Object.keys(attributes.parse(value)).length + CONTAINER_BYTES;
    case "SS":
      return sum(z.array(z.string()).parse(value), (one) => Buffer.byteLength(one));
    default:
      return Buffer.byteLength(String(value));
  }
}

/** One byte for each two significant digits, and one more. */
const numberBytes = (text: string) =>
  1 + Math.ceil(text.replaceAll(/[-.]|^0+|\.?0+$/g, "").length / 2) + (text.startsWith("-") ? 1 : 0);

const sum = <Value>(values: readonly Value[], bytesOf: (value: Value) => number): number =>
  values.reduce((total, value) => total + bytesOf(value), 0);
