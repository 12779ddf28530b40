import type { RetryAfter } from "../../shared/domain/account-limits.ts";
import { type ApiKeyRecord, hashApiKey, isRecordOf } from "../../shared/domain/api-key.ts";

export interface AuthorizeDeps {
  readonly keys: { find(keyHash: string): Promise<ApiKeyRecord | undefined> };
  /** Counts a request of the account, and says how long to wait if it was one too many. */
  readonly admit: (account: string) => Promise<RetryAfter>;
}

/** RFC 6750 §2.1; the scheme's case does not matter (RFC 9110 §11.1). */
const BEARER = /^bearer +(\S.*)$/i;

/** Whose key an `Authorization` header carries; undefined when it carries no valid one. */
export function createAuthorize({ keys, admit }: AuthorizeDeps) {
  return async function authorize(header: string | undefined) {
    const key = BEARER.exec(header?.trim() ?? "")?.[1];
    if (key === undefined) return undefined;
    const hash = hashApiKey(key);
    const record = await keys.find(hash);
    if (!record || !isRecordOf(record, hash) || record.revoked_at) return undefined;
    const { key_id: keyId, account, roles } = record;
    return { keyId, account, roles, retryAfterSeconds: await admit(account) };
  };
}
