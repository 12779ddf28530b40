import { type ApiKeyRecord, hashApiKey } from "../../shared/domain/api-key.ts";

export interface AuthorizeDeps {
  readonly keys: { find(keyHash: string): Promise<ApiKeyRecord | undefined> };
}

/** RFC 6750 §2.1; the scheme's case does not matter (RFC 9110 §11.1). */
const BEARER = /^bearer +(\S.*)$/i;

/** Whose key an `Authorization` header carries; undefined when it carries no valid one. */
export function createAuthorize({ keys }: AuthorizeDeps) {
  return async function authorize(header: string | undefined) {
    const key = BEARER.exec(header?.trim() ?? "")?.[1];
    if (key === undefined) return undefined;
    const record = await keys.find(hashApiKey(key));
    if (!record || record.revoked_at) return undefined;
    return { keyId: record.key_id, account: record.account, roles: record.roles };
  };
}
