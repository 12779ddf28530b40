import { readFileSync } from "node:fs";
import * as z from "zod";
import { createApiKeyTable } from "../../../shared/aws/api-key-table.ts";
import { createBatchReader } from "../../../shared/aws/batch-table.ts";
import { createAccountedDeliveries, createLedgerReader } from "../../../shared/aws/ledger-table.ts";
import { createUndeliveredTable } from "../../../shared/aws/undelivered-table.ts";
import { accountName } from "../../../shared/domain/api-key.ts";
import { time } from "../../../shared/domain/time.ts";
import { type Call, check, command, UsageError } from "../command.ts";
import { openTarget, readOutputs, type Target } from "../target.ts";
import { queueDepths } from "./queue-depths.ts";
import { reckon } from "./reckon.ts";
import { problemsOf, report } from "./report.ts";

const usage = `Accounts for every accepted event: accepted × endpoints = delivered + undelivered + cancelled + still waiting.

  npm run ledger
  npm run ledger -- --account acme --since 2026-11-23T00:00:00Z --until 2026-11-24T00:00:00Z
  npm run ledger -- --account acme --since 2026-11-23T00:00:00Z --accepted ids.txt
  npm run ledger -- --json

Covers what was fanned out since --since (default: a day ago) and before --until (default: now), for every
account that has an API key, or for one. --accepted names a file with one event id a line, as the API has
answered them, all accepted since --since.

Exit code 1: something is overdue, or accepted and not fanned out, or in a dead-letter queue.

Without --stage it speaks to the local run that listens on PORT (default 3000).
With --stage dev it speaks to that stage on AWS, or to the emulator that AWS_ENDPOINT_URL names.`;

const options = {
  account: { type: "string" },
  since: { type: "string" },
  until: { type: "string" },
  accepted: { type: "string" },
  json: { type: "boolean" },
} as const;

const DAY_MS = 86_400_000;

const selection = {
  account: z.optional(accountName),
  since: z.optional(time),
  until: z.optional(time),
  accepted: z.string().optional(),
  json: z.boolean().default(false),
};

const outputs = {
  ApiKeysTable: z.string(),
  DeliveriesTable: z.string(),
  UndeliveredTable: z.string(),
  // Without these, what was lost on the way would not be seen.
  EventsDeadLettersUrl: z.string(),
  DeliveriesDeadLettersUrl: z.string(),
  RedeliveriesDeadLettersUrl: z.string(),
};

const readLines = (file: string) =>
  readFileSync(file, "utf8")
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "");

/** Those who may publish have a key, or had one. */
async function accountsOf(target: Target, table: string): Promise<string[]> {
  const keys = await createApiKeyTable(target.dynamoDb, table).list();
  return [...new Set(keys.map(({ account }) => account))].sort();
}

async function giveAccount({ values, words }: Call): Promise<number> {
  const [extra] = words;
  if (extra !== undefined) throw new UsageError(`Nothing to do with "${extra}"`);
  const wanted = check(selection, values);
  const { since = new Date(Date.now() - DAY_MS).toISOString(), until = new Date().toISOString() } = wanted;
  if (wanted.accepted !== undefined && wanted.account === undefined)
    throw new UsageError("--accepted needs --account: the events of one account");
  if (wanted.accepted !== undefined && wanted.since === undefined)
    throw new UsageError("--accepted needs --since: when the first of them was accepted, or earlier");
  const accepted = wanted.accepted === undefined ? [] : readLines(wanted.accepted);

  const target = await openTarget(values.stage);
  const known = await target.outputs();
  const tables = readOutputs(target, known, outputs);
  const ledger = createLedgerReader(target.dynamoDb, tables.DeliveriesTable, Date.now);
  const deps = {
    entries: (account: string) => ledger.all(account, { since, before: until }),
    findDelivery: createAccountedDeliveries(tables.DeliveriesTable, createBatchReader(target.dynamoDb)),
    hasUndeliveredRow: createUndeliveredTable(target.dynamoDb, tables.UndeliveredTable).has,
    now: Date.now,
  };
  const accounts =
    wanted.account === undefined ? await accountsOf(target, tables.ApiKeysTable) : [wanted.account];
  const reckoned = [];
  for (const account of accounts) reckoned.push({ account, ...(await reckon(deps, account, accepted)) });
  const queues = await queueDepths(target.sqs, known);
  const findings = { stage: target.stage, since, until, accounts: reckoned, queues };
  const result = { ...findings, problems: problemsOf(findings) };
  console.log(wanted.json ? JSON.stringify(result) : report(result));
  return result.problems.length === 0 ? 0 : 1;
}

await command(usage, options, giveAccount);
