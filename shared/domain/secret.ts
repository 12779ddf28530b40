import { randomBytes } from "node:crypto";
import * as z from "zod/mini";

const PREFIX = "whsec_";
const MADE_BYTES = 32;
const MAX_LENGTH = 256;

/** RFC 4648 §4 with its padding: what every Standard Webhooks library decodes. */
const BASE64 =
  /^(?:[A-Za-z0-9+/]{4})+(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$|^[A-Za-z0-9+/]{2}==$|^[A-Za-z0-9+/]{3}=$/;

/** A secret an integrator gives: `whsec_` and base64, or any other text. The error never repeats it. */
export const secretText = z.string().check(
  z.minLength(1, "must not be empty"),
  z.maxLength(MAX_LENGTH, `must be at most ${MAX_LENGTH} characters`),
  z.refine((text) => text.isWellFormed(), "must be valid Unicode"),
  z.refine(
    (text) => !text.startsWith(PREFIX) || BASE64.test(text.slice(PREFIX.length)),
    `must be standard base64, with padding, after ${PREFIX}`,
  ),
);

/** A secret when none is given: 256 random bits, as Standard Webhooks 1.0 asks (24 to 64 bytes). */
export const newSecret = (): string => PREFIX + randomBytes(MADE_BYTES).toString("base64");

/** The bytes a secret signs with. */
export function secretBytes(secret: string): Buffer {
  return secret.startsWith(PREFIX)
    ? Buffer.from(secret.slice(PREFIX.length), "base64")
    : Buffer.from(secret, "utf8");
}
