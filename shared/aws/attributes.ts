import type { AttributeValue } from "@aws-sdk/client-dynamodb";
import { marshall } from "@aws-sdk/util-dynamodb";

export type Item = Readonly<Record<string, unknown>>;

/**
 * Values as DynamoDB takes them. Made here where calls are many: the document client walks through every command in
 * search of what to convert. Not with an object of options that it has too: it writes its own wishes into what it is
 * given, and items would be wrapped once more.
 */
export const toAttributes = (values: Item): Record<string, AttributeValue> =>
  marshall(values, { removeUndefinedValues: true });
