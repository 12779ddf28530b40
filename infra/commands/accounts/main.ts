import * as z from "zod";
import { accountName } from "../../../shared/domain/api-key.ts";
import { type Call, check, command, UsageError } from "../command.ts";
import { createPace } from "../items.ts";
import { openTarget, readOutputs, type Target } from "../target.ts";
import { type Deletion, deleteAccount } from "./delete.ts";

const usage = `Deletes all that is stored of an account.

  npm run accounts -- delete --account acme --dry-run
  npm run accounts -- delete --account acme --confirm acme [--mb-per-second 20]

Its API keys go first, then its webhooks, undelivered events, deliveries, ledger entries, redelivery
jobs and counters. Most are found by reading all of the tables, at --mb-per-second. It can be run again after a
crash, and has to be at the time that it names: what was under way then has ended, and left its last rows.

Without --stage it speaks to the local run that listens on PORT (default 3000).
With --stage dev it speaks to that stage on AWS, or to the emulator that AWS_ENDPOINT_URL names.`;

const options = {
  account: { type: "string" },
  confirm: { type: "string" },
  "dry-run": { type: "boolean" },
  "mb-per-second": { type: "string" },
} as const;

const wanted = "must be a number from 1 to 1000";
const deletion = {
  account: z.string("is missing").pipe(accountName),
  confirm: z.string().optional(),
  "dry-run": z.boolean().default(false),
  "mb-per-second": z.coerce.number(wanted).min(1, wanted).max(1_000, wanted).default(20),
};

const tables = {
  ApiKeysTable: z.string(),
  WebhooksTable: z.string(),
  UndeliveredTable: z.string(),
  DeliveriesTable: z.string(),
};

function readCommand([verb, extra]: readonly string[], values: Call["values"]) {
  if (verb !== "delete") throw new UsageError(`Unknown command ${verb}`);
  if (extra !== undefined) throw new UsageError(`Nothing to do with "${extra}"`);
  const asked = check(deletion, values);
  if (!asked["dry-run"] && asked.confirm !== asked.account)
    throw new UsageError(
      `This deletes all data of ${asked.account} for good: say so with --confirm ${asked.account}`,
    );
  return {
    account: asked.account,
    dryRun: asked["dry-run"],
    pace: createPace(asked["mb-per-second"]),
  };
}

/** Longer than a message waits on a queue while all works, its own retries aside. */
const SETTLED_MS = 15 * 60_000;

function report(target: Target, account: string, isDryRun: boolean, { counts, lastRetryAt }: Deletion) {
  const what = isDryRun ? "would delete" : "deleted";
  console.log(`Account ${account} of stage ${target.stage}: ${what}`);
  for (const [kind, count] of counts) console.log(`  ${count.toLocaleString("en")} ${kind}`);
  if (counts.size === 0) console.log("  nothing: there is nothing of it");
  else if (!isDryRun) {
    const settled = new Date(Math.max(Date.now(), Date.parse(lastRetryAt ?? "") || 0) + SETTLED_MS);
    console.log(
      `Run it again after ${settled.toISOString()} to finish: an attempt that was under way may still be kept as undelivered, and what waits on queues and schedules leaves a cancelled delivery each. Stop what publishes to the bus for it, and run this again after a redrive of its dead letters: both write anew.`,
    );
  }
}

await command(usage, options, async ({ values, words }) => {
  if (words.length === 0) return void console.log(usage);
  const { account, ...how } = readCommand(words, values);
  const target = await openTarget(values.stage);
  const known = readOutputs(target, await target.outputs(), tables);
  const deps = {
    client: target.dynamoDb,
    tables: {
      apiKeys: known.ApiKeysTable,
      webhooks: known.WebhooksTable,
      undelivered: known.UndeliveredTable,
      deliveries: known.DeliveriesTable,
    },
    ...how,
  };
  report(target, account, how.dryRun, await deleteAccount(deps, account));
  return undefined;
});
