import { createHmac, createSecretKey } from "node:crypto";
import { remember } from "./remember.ts";
import { secretBytes } from "./secret.ts";

/**
 * Making a key from bytes costs four times what signing 1 KiB with it does. Secrets that no longer sign stay in this
 * process's memory until it ends, or has seen a thousand others.
 */
const keyOf = remember((secret) => createSecretKey(secretBytes(secret)), 1_000);

export interface SignedContent {
  readonly id: string;
  /** Of this attempt, so that a retry is not mistaken for a replay. */
  readonly timestampSeconds: number;
  readonly body: string;
}

/**
 * The headers of Standard Webhooks 1.0 (https://www.standardwebhooks.com/): one `v1` signature for each live
 * secret, in the order given, so that a receiver can change secrets without missing an event.
 */
export function signatureHeaders(secrets: readonly string[], { id, timestampSeconds, body }: SignedContent) {
  const signed = `${id}.${timestampSeconds}.${body}`;
  const signatures = secrets.map(
    (secret) => `v1,${createHmac("sha256", keyOf(secret)).update(signed).digest("base64")}`,
  );
  return {
    "webhook-id": id,
    "webhook-timestamp": String(timestampSeconds),
    "webhook-signature": signatures.join(" "),
  };
}
