import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { ApiKeyTable } from "../../shared/aws/api-key-table.ts";
import { newApiKey, roles } from "../../shared/domain/api-key.ts";
import { IN_MEMORY, type LocalSettings } from "./settings.ts";

const ACCOUNT_NAME = "demo";

/**
 * The `demo` account's key, with every role: the given one, the one an earlier run made, or a new one.
 * @returns the key itself
 */
export async function provideApiKey({ apiKey, dataDir }: LocalSettings, table: ApiKeyTable): Promise<string> {
  const file = dataDir === IN_MEMORY ? undefined : join(dataDir, "api-key");
  const remembered = file !== undefined && existsSync(file) ? readFileSync(file, "utf8").trim() : undefined;
  const { key, record } = newApiKey({
    account: ACCOUNT_NAME,
    roles,
    now: new Date(),
    // An empty file, as a full disk may leave one, is no key.
    key: apiKey ?? (remembered || undefined),
  });
  // A key that was revoked stays revoked.
  if (!(await table.find(record.key_hash))) await table.put(record);
  if (file !== undefined && apiKey === undefined) writeFileSync(file, `${key}\n`, { mode: 0o600 });
  return key;
}
