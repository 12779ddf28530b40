import { ConditionalCheckFailedException } from "@aws-sdk/client-dynamodb";

/**
 * Runs a conditional write; false when its condition did not hold.
 * @param isOurs for a write whose condition its own success makes fail: whether what is stored is what we
 * wrote. The SDK repeats a write whose answer was lost, and then meets its own work.
 */
export async function whenConditionHolds(
  write: Promise<unknown>,
  isOurs: (refused: ConditionalCheckFailedException) => Promise<boolean> = async () => false,
): Promise<boolean> {
  try {
    await write;
    return true;
  } catch (error) {
    if (error instanceof ConditionalCheckFailedException) return isOurs(error);
    throw error;
  }
}

/** Whether the SDK had sent the write before: then its first try may be what made the condition fail. */
export const wasRepeated = async ({ $metadata }: ConditionalCheckFailedException): Promise<boolean> =>
  ($metadata.attempts ?? 1) > 1;
