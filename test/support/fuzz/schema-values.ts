import fc, { type Arbitrary } from "fast-check";
import * as z from "zod";

export type Schema = Readonly<Record<string, unknown>>;

/** Values for fields whose schema says less than the API asks, such as a URL: by the field's name. */
export type Fields = Readonly<Record<string, Arbitrary<unknown>>>;

const anySchema = z.record(z.string(), z.unknown());
/** The part of JSON Schema 2020-12 that the document uses. */
const keywords = z.strictObject({
  type: z.enum(["null", "boolean", "integer", "number", "string", "array", "object"]).optional(),
  minimum: z.number().default(-(2 ** 31)),
  maximum: z.number().default(2 ** 31 - 1),
  minLength: z.number().default(0),
  maxLength: z.number().default(1_000),
  pattern: z.string().optional(),
  format: z.literal("date-time").optional(),
  items: anySchema.default({}),
  minItems: z.number().default(0),
  maxItems: z.number().default(5),
  properties: z.record(z.string(), anySchema).default({}),
  required: z.array(z.string()).default([]),
  additionalProperties: z.union([z.literal(false), z.strictObject({})]).default({}),
  // What says nothing about which values are valid, or nothing that leaving things out at random would miss.
  description: z.string().optional(),
  examples: z.array(z.unknown()).optional(),
  default: z.unknown().optional(),
  minProperties: z.number().optional(),
});
type Keywords = z.infer<typeof keywords>;

/**
 * Arbitraries of valid values, made from the JSON Schemas of the OpenAPI document. It throws on a keyword that it
 * does not know, so that no rule is passed over in silence.
 */
export function createSchemaValues(schemas: Readonly<Record<string, Schema>>, fields: Fields) {
  function valuesOf({ $ref, anyOf, enum: options, ...schema }: Schema): Arbitrary<unknown> {
    if (typeof $ref === "string") return valuesOf(schemas[$ref.split("/").at(-1) ?? ""] ?? {});
    if (Array.isArray(anyOf)) return fc.oneof(...anyOf.map((one) => valuesOf(anySchema.parse(one))));
    if (Array.isArray(options)) return fc.constantFrom(...options);
    if (Array.isArray(schema.type))
      return fc.oneof(...schema.type.map((type) => valuesOf({ ...schema, type })));
    return ofType(keywords.parse(schema));
  }

  function ofType(rules: Keywords): Arbitrary<unknown> {
    switch (rules.type) {
      case undefined:
        return fc.jsonValue({ maxDepth: 2 });
      case "null":
        return fc.constant(null);
      case "boolean":
        return fc.boolean();
      case "integer":
        return fc.integer({ min: rules.minimum, max: rules.maximum });
      case "number":
        return fc.oneof(fc.integer(), fc.double({ noNaN: true, noDefaultInfinity: true }));
      case "string":
        return strings(rules);
      case "array":
        return arrays(rules);
      case "object":
        return objects(rules);
    }
  }

  function arrays({ items, minItems: minLength, maxItems }: Keywords): Arbitrary<unknown[]> {
    const few = fc.array(valuesOf(items), { minLength, maxLength: Math.min(maxItems, minLength + 3) });
    const full = fc.array(valuesOf(items), { minLength: maxItems, maxLength: maxItems });
    // Full lists are rare, as each of their items costs time further on.
    return fc.oneof({ weight: 60, arbitrary: few }, { weight: 1, arbitrary: full });
  }

  function objects({ properties, required, additionalProperties }: Keywords): Arbitrary<object> {
    const members = Object.entries(properties).map(
      ([name, schema]) => [name, fields[name] ?? valuesOf(schema)] as const,
    );
    const listed = fc.record(Object.fromEntries(members), { requiredKeys: required });
    if (additionalProperties === false) return listed;
    const extra = fc.dictionary(
      fc.string().filter((name) => !(name in properties)),
      fc.jsonValue({ maxDepth: 2 }),
      { maxKeys: 2 },
    );
    return fc.tuple(extra, listed).map(([more, object]) => ({ ...more, ...object }));
  }

  return valuesOf;
}

function strings({ format, pattern, minLength, maxLength }: Keywords): Arbitrary<string> {
  if (format === "date-time") {
    const [min, max] = [new Date("1970-01-01T00:00:00Z"), new Date("2100-01-01T00:00:00Z")];
    return fc.date({ min, max, noInvalidDate: true }).map((date) => date.toISOString());
  }
  if (pattern !== undefined) return fc.stringMatching(new RegExp(pattern));
  const short = Math.min(maxLength, minLength + 16);
  return fc.oneof(
    fc.string({ minLength, maxLength: short }),
    // Of every plane, with control characters and NUL.
    fc.string({ unit: "binary", minLength, maxLength: short }).map((made) => made.slice(0, maxLength)),
    fc.constant("x".repeat(maxLength)),
  );
}
