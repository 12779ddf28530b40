import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { ApiKeyTable } from "../../shared/aws/api-key-table.ts";
import { newApiKey, roles } from "../../shared/domain/api-key.ts";
import { StartFailure } from "./failure.ts";
import { IN_MEMORY, type LocalSettings } from "./settings.ts";

const ACCOUNT_NAME = "demo";

type Wanted = Pick<LocalSettings, "apiKey" | "dataDir">;

/**
 * The `demo` account's key, with every role: the given one, the one an earlier run made, or a new one.
 * @returns the key itself
 * @throws StartFailure when the given one was revoked
 */
export async function provideApiKey({ apiKey, dataDir }: Wanted, table: ApiKeyTable): Promise<string> {
  if (apiKey !== undefined) {
    const given = await record(apiKey, table);
    if (given.isRevoked) throw new StartFailure("LOCAL_API_KEY was revoked: set another, or none.");
    return apiKey;
  }
  const file = dataDir === IN_MEMORY ? undefined : join(dataDir, "api-key");
  const remembered = await record(file && read(file), table);
  // Nobody could use a revoked one, and it stays revoked.
  const { key } = remembered.isRevoked ? await record(undefined, table) : remembered;
  if (file !== undefined) writeFileSync(file, `${key}\n`, { mode: 0o600 });
  return key;
}

/** Puts a key that is not known yet into the table. @param wanted a new one is made without it */
async function record(wanted: string | undefined, table: ApiKeyTable) {
  const made = newApiKey({ account: ACCOUNT_NAME, roles, now: new Date(), key: wanted });
  const known = await table.find(made.record.key_hash);
  if (!known) await table.put(made.record);
  return { key: made.key, isRevoked: known?.revoked_at !== undefined };
}

/** @returns undefined also for an empty file, as a full disk may leave one */
const read = (file: string) => (existsSync(file) && readFileSync(file, "utf8").trim()) || undefined;
