import type { AttributeValue } from "@aws-sdk/client-dynamodb";
import { marshall } from "@aws-sdk/util-dynamodb";

export type Item = Readonly<Record<string, unknown>>;

/**
 * An item as DynamoDB takes it. Where calls are many, here rather than by the document client, which looks for what to
 * convert by a walk through every command.
 */
export const toAttributes = (item: Item): Record<string, AttributeValue> =>
  marshall(item, { removeUndefinedValues: true });
