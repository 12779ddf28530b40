import { parseArgs } from "node:util";
import * as z from "zod";
import { type ApiKeyTable, createApiKeyTable } from "../../shared/aws/api-key-table.ts";
import { dynamoDb } from "../../shared/aws/clients.ts";
import { readEnvironment } from "../../shared/config.ts";
import { accountName, newApiKey, roles } from "../../shared/domain/api-key.ts";
import { apiKeysTableName } from "../constructs/storage.ts";
import { localKeyTable } from "./local-target.ts";

const usage = `Makes, lists and revokes API keys.

  npm run keys -- create --account acme --role integrator [--role publisher]
  npm run keys -- list [--account acme]
  npm run keys -- revoke key_0123456789ab

Without --stage it speaks to the local run that listens on PORT (default 3000).
With --stage dev it speaks to that stage on AWS, or to the emulator that AWS_ENDPOINT_URL names.`;

/** A mistake in the call, told in one sentence. */
class UsageError extends Error {}

const options = {
  account: { type: "string" },
  role: { type: "string", multiple: true },
  stage: { type: "string" },
  help: { type: "boolean" },
} as const;

const create = z.object({
  account: z.string({ error: "--account is missing" }).pipe(accountName),
  role: z.array(z.enum(roles, { error: `--role must be ${roles.join(" or ")}` }), {
    error: "--role is missing",
  }),
});

async function createKey(table: ApiKeyTable, given: unknown) {
  const parsed = create.safeParse(given);
  if (!parsed.success) throw new UsageError(parsed.error.issues.map(({ message }) => message).join("; "));
  const { account, role } = parsed.data;
  const { key, record } = newApiKey({ account, roles: role, now: new Date() });
  await table.put(record);
  // The key alone on standard output, so that KEY=$(npm run --silent keys -- create …) works.
  console.error(
    `${record.key_id} of account ${account} (${record.roles.join(", ")}). Shown this once; keep it safe:`,
  );
  console.log(key);
}

async function listKeys(table: ApiKeyTable, account: string | undefined) {
  const records = (await table.list()).filter(
    (record) => account === undefined || record.account === account,
  );
  for (const { key_id, account: owner, roles: granted, created_at, revoked_at } of records) {
    console.log(
      [key_id, owner, granted.join(","), created_at, revoked_at ? `revoked ${revoked_at}` : "live"].join(
        "  ",
      ),
    );
  }
  if (records.length === 0) console.error("No API keys.");
}

async function revokeKey(table: ApiKeyTable, keyId: string | undefined) {
  if (keyId === undefined) throw new UsageError("Which key? npm run keys -- list shows their ids");
  const revoked = await table.revoke(keyId, new Date());
  if (!revoked) throw new UsageError(`There is no key ${keyId}; npm run keys -- list shows them`);
  console.log(`${keyId} of account ${revoked.account} is revoked since ${revoked.revoked_at}.`);
}

async function openTable(stage: string | undefined): Promise<ApiKeyTable> {
  if (stage !== undefined) return createApiKeyTable(dynamoDb(), apiKeysTableName(stage));
  const { PORT } = readEnvironment({ PORT: z.coerce.number().int().default(3000) });
  return localKeyTable(PORT);
}

async function main(args: string[]) {
  const { values, positionals } = parseArgs({ args, options, allowPositionals: true });
  const [command, keyId] = positionals;
  if (values.help || command === undefined) return console.log(usage);
  if (!["create", "list", "revoke"].includes(command)) throw new UsageError(`Unknown command ${command}`);
  const role = values.role?.flatMap((list) => list.split(","));
  const table = await openTable(values.stage);
  if (command === "create") return createKey(table, { account: values.account, role });
  if (command === "list") return listKeys(table, values.account);
  return revokeKey(table, keyId);
}

try {
  await main(process.argv.slice(2));
} catch (error) {
  console.error(error instanceof Error ? error.message : String(error));
  if (error instanceof UsageError || (error instanceof TypeError && "code" in error))
    console.error(`\n${usage}`);
  process.exitCode = 1;
}
