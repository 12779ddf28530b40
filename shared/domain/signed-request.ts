import { type SignedContent, signatureHeaders } from "./signature.ts";

/** One POST to an endpoint, as it leaves us. */
export interface SignedRequest {
  readonly url: string;
  readonly headers: Record<string, string>;
  readonly body: string;
}

/** An attempt's request: the body as it is, signed with every live secret at this moment. */
export function signedRequest(
  url: string,
  secrets: readonly string[],
  { id, body }: Pick<SignedContent, "id" | "body">,
  nowMs: number,
): SignedRequest {
  const timestampSeconds = Math.floor(nowMs / 1000);
  const headers = {
    ...signatureHeaders(secrets, { id, timestampSeconds, body }),
    "content-type": "application/json",
  };
  return { url, body, headers };
}
