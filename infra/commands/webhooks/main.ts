import { closeSync, readFileSync, writeFileSync } from "node:fs";
import { type DynamoDBDocumentClient, paginateScan } from "@aws-sdk/lib-dynamodb";
import * as z from "zod";
import { accountName } from "../../../shared/domain/api-key.ts";
import { messageOf } from "../../local/failure.ts";
import { type Call, check, command, UsageError, unset } from "../command.ts";
import { openPrivateFile } from "../private-file.ts";
import { openTarget, readOutputs, type Target } from "../target.ts";
import { formatFile, nameOf, parseFile, type Registration, toRegistration } from "./file.ts";
import { importRegistrations, type Outcome, outcomes } from "./import.ts";

const usage = `Takes registrations from a stage to a file, and from the file to a stage.

  npm run webhooks -- export --out webhooks.ndjson [--account acme] [--force]
  npm run webhooks -- import webhooks.ndjson [--replace]

The file holds the webhooks' secrets, as receivers would otherwise have to change theirs: only you can read it,
so keep it that way, and delete it when it has served. Hook ids, URLs and secrets stay as they are, so that
receivers see no difference. API keys are not in it.

import checks every line before it writes the first. A webhook that is there and differs is left as it is, unless
--replace says otherwise. It can be run again.

Exit code 1: something could not be exported, or was left as it is.

Without --stage it speaks to the local run that listens on PORT (default 3000).
With --stage dev it speaks to that stage on AWS, or to the emulator that AWS_ENDPOINT_URL names.`;

const options = {
  account: { type: "string" },
  out: { type: "string" },
  force: { type: "boolean" },
  replace: { type: "boolean" },
} as const;

const exporting = {
  out: z.string("is missing: the file to write").min(1, "is missing: the file to write"),
  account: z.optional(accountName),
  force: z.boolean().default(false),
  replace: unset("is for import"),
};
const importing = {
  replace: z.boolean().default(false),
  out: unset("is for export; import takes the file's name as it is"),
  account: unset("is for export"),
  force: unset("is for export; import takes --replace"),
};

const tables = { WebhooksTable: z.string(), DeliveriesTable: z.string() };

async function readAll(client: DynamoDBDocumentClient, TableName: string, account: string | undefined) {
  const registrations: Registration[] = [];
  const problems: string[] = [];
  const filter = {
    FilterExpression: "account = :account",
    ExpressionAttributeValues: { ":account": account },
  };
  const scan = { TableName, ConsistentRead: true, ...(account !== undefined && filter) };
  for await (const { Items = [] } of paginateScan({ client }, scan)) {
    for (const item of Items) {
      try {
        registrations.push(toRegistration(item));
      } catch (error) {
        const reason = error instanceof z.core.$ZodError ? "cannot be read" : messageOf(error);
        problems.push(`${nameOf(item)} ${reason}: it is not in the file; npm run backup takes it along.`);
      }
    }
  }
  return { registrations: registrations.toSorted((a, b) => (nameOf(a) < nameOf(b) ? -1 : 1)), problems };
}

async function exportTo(
  target: Target,
  wanted: { out: string; account?: string | undefined; force: boolean },
) {
  const { WebhooksTable } = readOutputs(target, await target.outputs(), tables);
  const { registrations, problems } = await readAll(target.dynamoDb, WebhooksTable, wanted.account);
  const file = openPrivateFile(wanted.out, wanted.force);
  writeFileSync(file, formatFile(target.stage, new Date(), registrations));
  closeSync(file);
  for (const problem of problems) console.error(problem);
  console.log(
    `${registrations.length} webhooks of stage ${target.stage} are in ${wanted.out}. It holds their secrets: keep it safe.`,
  );
  return problems.length === 0 ? 0 : 1;
}

async function importFrom(target: Target, registrations: readonly Registration[], replace: boolean) {
  const { WebhooksTable, DeliveriesTable } = readOutputs(target, await target.outputs(), tables);
  const counts = new Map<Outcome, number>();
  await importRegistrations(
    {
      ...{ client: target.dynamoDb, webhooksTable: WebhooksTable, deliveriesTable: DeliveriesTable, replace },
      report(name, outcome) {
        counts.set(outcome, (counts.get(outcome) ?? 0) + 1);
        console.log(`${name}: ${outcome}`);
      },
    },
    registrations,
  );
  const sums = outcomes.map((outcome) => `${counts.get(outcome) ?? 0} ${outcome}`);
  console.log(`${registrations.length} webhooks to stage ${target.stage}: ${sums.join(", ")}.`);
  if (!counts.has("left as it is")) return 0;
  console.error("Those left as they are differ from the file; --replace replaces them.");
  return 1;
}

function readFile(path: string): Registration[] {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (cause) {
    throw new Error(`${path} cannot be read: ${messageOf(cause)}`, { cause });
  }
  return parseFile(text);
}

/** What a call asks for, checked before anything is connected to. @throws UsageError */
function readCommand([verb, ...words]: readonly string[], values: Call["values"]) {
  const [file, ...others] = words;
  const [extra] = verb === "import" ? others : words;
  if (extra !== undefined) throw new UsageError(`Nothing to do with "${extra}"`);
  if (verb === "export") {
    const wanted = check(exporting, values);
    return (target: Target) => exportTo(target, wanted);
  }
  if (verb !== "import") throw new UsageError(`Unknown command ${verb}`);
  const { replace } = check(importing, values);
  if (file === undefined) throw new UsageError("Which file? npm run webhooks -- import webhooks.ndjson");
  const registrations = readFile(file);
  return (target: Target) => importFrom(target, registrations, replace);
}

await command(usage, options, async ({ values, words }) => {
  if (words.length === 0) return void console.log(usage);
  const run = readCommand(words, values);
  return run(await openTarget(values.stage));
});
