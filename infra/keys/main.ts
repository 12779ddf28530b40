import { parseArgs } from "node:util";
import * as z from "zod";
import { type ApiKeyTable, createApiKeyTable } from "../../shared/aws/api-key-table.ts";
import { dynamoDb } from "../../shared/aws/clients.ts";
import { readEnvironment } from "../../shared/config.ts";
import { accountName, newApiKey, type Role, roles } from "../../shared/domain/api-key.ts";
import { codeOf, messageOf } from "../local/failure.ts";
import { port } from "../local/settings.ts";
import { apiKeysTableName, stageName } from "../settings.ts";
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

const creation = {
  account: z.string("is missing").pipe(accountName),
  role: z.array(z.enum(roles, `must be ${roles.join(" or ")}`), "is missing"),
};

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

/** Options through a schema. @throws UsageError naming each that is wrong */
function check<Shape extends z.ZodRawShape>(shape: Shape, given: Record<string, unknown>) {
  const parsed = z.object(shape).safeParse(given);
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map(({ path, message }) => `--${String(path[0])} ${message}`);
  throw new UsageError(problems.join("; "));
}

function refuse([extra]: readonly string[]) {
  if (extra !== undefined) throw new UsageError(`Nothing to do with "${extra}"`);
}

/** What a call asks for, checked before anything is connected to. @throws UsageError */
function readCommand(
  [command, ...words]: readonly string[],
  { account, role }: { readonly account?: string; readonly role?: readonly string[] },
): (table: ApiKeyTable) => Promise<void> {
  switch (command) {
    case "create": {
      refuse(words);
      const wanted = check(creation, { account, role: role?.flatMap((list) => list.split(",")) });
      return (table) => createKey(table, wanted);
    }
    case "list":
      refuse(words);
      return (table) => listKeys(table, account);
    case "revoke": {
      const [keyId, ...others] = words;
      refuse(others);
      if (keyId === undefined) throw new UsageError("Which key? npm run keys -- list shows their ids");
      return (table) => revokeKey(table, keyId);
    }
    default:
      throw new UsageError(`Unknown command ${command}`);
  }
}

async function openTable(stage: string | undefined): Promise<ApiKeyTable> {
  if (stage === undefined) return localKeyTable(readEnvironment({ PORT: port }).PORT);
  const client = dynamoDb();
  try {
    await client.config.region();
  } catch (cause) {
    throw new Error(`Set AWS_REGION to the region that stage ${stage} is deployed in.`, { cause });
  }
  return createApiKeyTable(client, apiKeysTableName(stage));
}

async function main(args: string[]) {
  const { values, positionals } = parseArgs({ args, options, allowPositionals: true });
  if (values.help || positionals.length === 0) return console.log(usage);
  const run = readCommand(positionals, values);
  const { stage } = check({ stage: stageName.optional() }, { stage: values.stage });
  await run(await openTable(stage));
}

try {
  await main(process.argv.slice(2));
} catch (error) {
  console.error(messageOf(error));
  const isMisuse = error instanceof UsageError || codeOf(error)?.startsWith("ERR_PARSE_ARGS");
  if (isMisuse) console.error(`\n${usage}`);
  process.exitCode = 1;
}
