import { AwsJson1_0Protocol } from "@aws-sdk/core/protocols";

function nativeSerializer() {
  let written: unknown;
  return {
    write(_schema: unknown, input: unknown) {
      written = input;
    },
    flush: () => JSON.stringify(written),
    /** The schema's helpers, which JSON needs none of. */
    setSerdeContext() {},
  };
}

/**
 * The protocol of SQS and DynamoDB, for calls whose input is JSON as it is: without bytes, times and tokens that the SDK
 * would fill in. It writes JSON character by character along each operation's schema, which for ten messages of 1.5 KB
 * takes as long as all else that a call does. Answers are read as the SDK reads them.
 */
export class NativeJsonProtocol extends AwsJson1_0Protocol {
  protected override serializer = nativeSerializer();
}
