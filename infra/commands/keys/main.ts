import * as z from "zod";
import { type ApiKeyTable, createApiKeyTable } from "../../../shared/aws/api-key-table.ts";
import { accountName, newApiKey, type Role, roles } from "../../../shared/domain/api-key.ts";
import { apiKeysTableName } from "../../settings.ts";
import { type Call, check, command, UsageError } from "../command.ts";
import { openTarget } from "../target.ts";

const usage = `Makes, lists and revokes API keys.

  npm run keys -- create --account acme --role integrator [--role publisher]
  npm run keys -- list [--account acme]
  npm run keys -- revoke key_0123456789ab

Without --stage it speaks to the local run that listens on PORT (default 3000).
With --stage dev it speaks to that stage on AWS, or to the emulator that AWS_ENDPOINT_URL names.`;

const options = {
  account: { type: "string" },
  role: { type: "string", multiple: true },
} as const;

const creation = {
  account: z.string("is missing").pipe(accountName),
  role: z
    .array(z.string(), "is missing")
    .transform((lists) => lists.flatMap((list) => list.split(",")))
    .pipe(z.array(z.enum(roles, `must be ${roles.join(" or ")}`))),
};
const selection = { account: z.string().optional() };

async function createKey(table: ApiKeyTable, given: { readonly account: string; readonly role: Role[] }) {
  const { account, role } = given;
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

async function revokeKey(table: ApiKeyTable, keyId: string) {
  const revoked = await table.revoke(keyId, new Date());
  if (!revoked) throw new Error(`There is no key ${keyId}; npm run keys -- list shows them.`);
  console.log(`${keyId} of account ${revoked.account} is revoked since ${revoked.revoked_at}.`);
}

function refuse([extra]: readonly string[]) {
  if (extra !== undefined) throw new UsageError(`Nothing to do with "${extra}"`);
}

/** What a call asks for, checked before anything is connected to. @throws UsageError */
function readCommand(
  [verb, ...words]: readonly string[],
  values: Call["values"],
): (table: ApiKeyTable) => Promise<void> {
  switch (verb) {
    case "create": {
      refuse(words);
      const wanted = check(creation, values);
      return (table) => createKey(table, wanted);
    }
    case "list":
      refuse(words);
      return (table) => listKeys(table, check(selection, values).account);
    case "revoke": {
      const [keyId, ...others] = words;
      refuse(others);
      if (keyId === undefined) throw new UsageError("Which key? npm run keys -- list shows their ids");
      return (table) => revokeKey(table, keyId);
    }
    default:
      throw new UsageError(`Unknown command ${verb}`);
  }
}

await command(usage, options, async ({ values, words }) => {
  if (words.length === 0) return void console.log(usage);
  const run = readCommand(words, values);
  const { stage, dynamoDb } = await openTarget(values.stage);
  // The one table whose name needs no look-up.
  await run(createApiKeyTable(dynamoDb, apiKeysTableName(stage)));
  return undefined;
});
