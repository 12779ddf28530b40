import { createHash } from "node:crypto";
import { closeSync, fsyncSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as z from "zod";
import { codeOf } from "../../local/failure.ts";
import { type Call, check, command, UsageError } from "../command.ts";
import { createPace, scan } from "../items.ts";
import { openPrivateFile } from "../private-file.ts";
import { openTarget, readOutputs, type Target } from "../target.ts";
import {
  COUNTER_PREFIX,
  fileOf,
  MANIFEST,
  newManifest,
  type TableKind,
  tableKinds,
  tableNames,
  tableOutputs,
  toLine,
} from "./format.ts";

const usage = `Writes the tables of a stage to a new folder, for npm run restore.

  npm run backup -- --out backup-2026-11-23 [--with-log] [--mb-per-second 20]

API keys (their hashes), webhooks with their secrets, and undelivered events with their bodies; --with-log adds the
deliveries table. Only you can read the files: keep it that way. Tables are read while they change, each item as it
is when its turn comes. What is on queues is not in it. For all tables as of one second, use point-in-time recovery.

Without --stage it speaks to the local run that listens on PORT (default 3000).
With --stage dev it speaks to that stage on AWS, or to the emulator that AWS_ENDPOINT_URL names.`;

const options = {
  out: { type: "string" },
  "with-log": { type: "boolean" },
  "mb-per-second": { type: "string" },
} as const;

const wanted = "must be a number from 1 to 1000";
const asked = {
  out: z.string("is missing: the folder to make").min(1, "is missing: the folder to make"),
  "with-log": z.boolean().default(false),
  "mb-per-second": z.coerce.number(wanted).min(1, wanted).max(1_000, wanted).default(20),
};

function makeFolder(path: string) {
  try {
    mkdirSync(path, { mode: 0o700 });
  } catch (cause) {
    if (codeOf(cause) !== "EEXIST") throw cause;
    throw new Error(`${path} is there already: give a new folder for each backup.`, { cause });
  }
}

async function backUpTable(
  { dynamoDb }: Target,
  TableName: string,
  path: string,
  pace: () => Promise<void>,
): Promise<{ items: number; sha256: string }> {
  const file = openPrivateFile(path);
  const hash = createHash("sha256");
  let items = 0;
  await scan(dynamoDb, { TableName }, pace, function write(page) {
    const kept = page.filter(({ pk }) => !pk?.S?.startsWith(COUNTER_PREFIX));
    const text = kept.map(toLine).join("");
    hash.update(text);
    writeFileSync(file, text);
    items += kept.length;
  });
  fsyncSync(file);
  closeSync(file);
  return { items, sha256: hash.digest("hex") };
}

await command(usage, options, async ({ values, words: [extra] }: Call) => {
  if (extra !== undefined) throw new UsageError(`Nothing to do with "${extra}"`);
  const { out, "with-log": withLog, "mb-per-second": mbPerSecond } = check(asked, values);
  const target = await openTarget(values.stage);
  const names = tableNames(readOutputs(target, await target.outputs(), tableOutputs));
  makeFolder(out);
  const startedAt = new Date();
  const pace = createPace(mbPerSecond);
  const tables: Partial<Record<TableKind, { items: number; sha256: string }>> = {};
  for (const kind of tableKinds) {
    if (kind === "deliveries" && !withLog) continue;
    tables[kind] = await backUpTable(target, names[kind], join(out, fileOf(kind)), pace);
    console.log(`${kind}: ${tables[kind].items.toLocaleString("en")} items`);
  }
  const times = { started_at: startedAt.toISOString(), finished_at: new Date().toISOString() };
  // The last: a backup without it is not whole, and npm run restore refuses it.
  const file = openPrivateFile(join(out, MANIFEST));
  writeFileSync(file, `${JSON.stringify(newManifest({ stage: target.stage, ...times, tables }), null, 2)}\n`);
  closeSync(file);
  console.log(
    `Stage ${target.stage} is backed up in ${out}. It holds secrets and people's data: keep it safe.`,
  );
  return undefined;
});
