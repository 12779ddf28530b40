import { createHash, randomBytes, timingSafeEqual } from "node:crypto";
import * as z from "zod/mini";

export const roles = ["integrator", "publisher"] as const;
export type Role = (typeof roles)[number];

/** An organisation. Everything registered, published and stored belongs to one. */
export const accountName = z
  .string()
  .check(
    z.regex(/^[a-z0-9][a-z0-9_-]{0,63}$/, "must be 1 to 64 of a–z, 0–9, _ and -, a letter or digit first"),
  );

/** What is stored of a key: never the key. */
export const apiKeyRecord = z.object({
  key_hash: z.string(),
  /** Names the key in lists and when it is revoked; says nothing about the key itself. */
  key_id: z.string(),
  account: accountName,
  roles: z.array(z.enum(roles)).check(z.minLength(1)),
  created_at: z.iso.datetime(),
  revoked_at: z.optional(z.iso.datetime()),
});
export type ApiKeyRecord = z.infer<typeof apiKeyRecord>;

const KEY_BYTES = 32;

/**
 * SHA-256, hex. A made key holds 256 random bits, so a slow password hash would add latency to every call
 * and no strength; and because the look-up is by the hash, no comparison leaks how much of a guess was right.
 */
export const hashApiKey = (key: string): string => createHash("sha256").update(key).digest("hex");

/**
 * Whether a record is of the key with this hash, compared in constant time. The look-up has said so already; that
 * what it found lets somebody in is not left to an adapter, an index or a cache alone.
 */
export function isRecordOf({ key_hash }: ApiKeyRecord, hash: string): boolean {
  const [stored, given] = [Buffer.from(key_hash), Buffer.from(hash)];
  return stored.length === given.length && timingSafeEqual(stored, given);
}

/**
 * Makes a key, or takes the given text for one, and the record to store of it. The key is not kept anywhere.
 */
export function newApiKey(given: {
  readonly account: string;
  readonly roles: readonly Role[];
  readonly now: Date;
  readonly key?: string | undefined;
}): { key: string; record: ApiKeyRecord } {
  const key = given.key ?? `claimr_${randomBytes(KEY_BYTES).toString("base64url")}`;
  const key_hash = hashApiKey(key);
  const record = apiKeyRecord.parse({
    key_hash,
    key_id: `key_${key_hash.slice(0, 12)}`,
    account: given.account,
    roles: [...new Set(given.roles)],
    created_at: given.now.toISOString(),
  });
  return { key, record };
}
