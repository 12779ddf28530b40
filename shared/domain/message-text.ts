/** What SQS takes as one message, in bytes (SQS developer guide, "Amazon SQS message quotas"). */
export const MAX_MESSAGE_BYTES = 1_048_576;

/**
 * A value as the text of a message that comes out of SQS, and of a schedule, as it went in.
 * - SQS takes XML 1.0's characters only and replaces or refuses others, which in JSON text can be U+FFFE and
 *   U+FFFF; emulators refuse all beyond the basic plane. No event outgrows a message: at worst its 256 KiB
 *   become three times as much.
 * - EventBridge Scheduler puts values in the place of `<aws.scheduler.…>` keywords anywhere in a target's
 *   input (Scheduler user guide, "Adding context attributes").
 */
export const encodeMessage = (value: unknown): string =>
  JSON.stringify(value)
    .replace(/[\uD800-\uDFFF\uFFFE\uFFFF]/g, (char) => `\\u${char.charCodeAt(0).toString(16)}`)
    .replaceAll("<aws.scheduler.", "\\u003caws.scheduler.");
