import { DescribeTableCommand, ResourceNotFoundException } from "@aws-sdk/client-dynamodb";
import * as z from "zod";
import { forgetWebhookCount } from "../../../shared/aws/webhook-quota.ts";
import { renewVersion } from "../../../shared/aws/webhook-version.ts";
import { chunks } from "../../../shared/domain/chunks.ts";
import { keyNames, type TableKind, tableKinds, tableNames, tableOutputs } from "../backup/format.ts";
import { type Call, check, command, UsageError } from "../command.ts";
import { createPace, type RawItem, scan } from "../items.ts";
import { openTarget, readOutputs, type Target } from "../target.ts";
import { readItems, verifyBackup } from "./read.ts";
import { createRestore, type Outcome, outcomes } from "./write.ts";

const usage = `Puts back what npm run backup has written, or what DynamoDB has recovered into other tables.

  npm run restore -- backup-2026-11-23 [--replace] [--per-second 500]
  npm run restore -- --from-table webhooks=webhooks-as-of-noon [--from-table undelivered=…]

A backup is checked whole before the first item is written. What is there already stays, unless --replace puts
webhooks and API keys back as they were; a revoked key stays revoked, and what has happened to an event since is never
undone. It can be run again. --from-table names a table (${tableKinds.join(", ")}) and the one to copy from.

Without --stage it speaks to the local run that listens on PORT (default 3000).
With --stage dev it speaks to that stage on AWS, or to the emulator that AWS_ENDPOINT_URL names.`;

const options = {
  "from-table": { type: "string", multiple: true },
  replace: { type: "boolean" },
  "per-second": { type: "string" },
} as const;

const MAX_AT_ONCE = 25;
const wanted = "must be a whole number from 1 to 10000";
const asked = {
  "from-table": z
    .array(
      z
        .string()
        .regex(
          new RegExp(`^(${tableKinds.join("|")})=[A-Za-z0-9_.-]{3,255}$`),
          `must be one of ${tableKinds.join(", ")}, = and the name of a table`,
        ),
    )
    .default([]),
  replace: z.boolean().default(false),
  "per-second": z.coerce.number(wanted).int(wanted).min(1, wanted).max(10_000, wanted).default(500),
};

type Source = (use: (kind: TableKind, items: RawItem[]) => Promise<void>) => Promise<void>;

/** The items of a backup, once all of it is known to be whole. */
async function fromFolder(folder: string): Promise<Source> {
  const { kinds, backup } = await verifyBackup(folder);
  console.log(`Backup of stage ${backup.stage}, ${backup.started_at} to ${backup.finished_at}: whole`);
  return async function readAll(use) {
    for (const kind of kinds) {
      const some: RawItem[] = [];
      for await (const item of readItems(folder, kind)) {
        some.push(item);
        if (some.length === MAX_AT_ONCE) await use(kind, some.splice(0));
      }
      await use(kind, some);
    }
  };
}

async function checkSource({ dynamoDb }: Target, kind: TableKind, name: string, live: string) {
  if (name === live) throw new Error(`${name} is the stage's own table: name the one that was recovered.`);
  const { Table } = await dynamoDb
    .send(new DescribeTableCommand({ TableName: name }))
    .catch((cause: unknown) => {
      if (!(cause instanceof ResourceNotFoundException)) throw cause;
      throw new Error(`There is no table ${name} here: is it recovered yet, and in this region?`, { cause });
    });
  const keys = Table?.KeySchema?.map(({ AttributeName }) => AttributeName).join();
  if (keys !== keyNames[kind].join())
    throw new Error(`${name} is no ${kind} table: its key is ${keys}, not ${keyNames[kind].join()}.`);
}

async function fromTables(
  target: Target,
  given: readonly string[],
  names: Readonly<Record<TableKind, string>>,
): Promise<Source> {
  const sources = new Map(
    given.map((pair) => [pair.slice(0, pair.indexOf("=")), pair.slice(pair.indexOf("=") + 1)]),
  );
  const found = tableKinds.flatMap((kind) => {
    const name = sources.get(kind);
    return name === undefined ? [] : [{ kind, name }];
  });
  for (const { kind, name } of found) await checkSource(target, kind, name, names[kind]);
  return async function readAll(use) {
    for (const { kind, name } of found)
      await scan(
        target.dynamoDb,
        { TableName: name, ConsistentRead: true },
        async () => {},
        async (items) => {
          for (const some of chunks(items, MAX_AT_ONCE)) await use(kind, some);
        },
      );
  };
}

/** @returns a count for each outcome */
async function restoreAll(
  target: Target,
  names: Readonly<Record<TableKind, string>>,
  readAll: Source,
  how: { replace: boolean; perSecond: number },
) {
  const { dynamoDb: client } = target;
  const restore = createRestore({ client, tables: names, replace: how.replace, now: Date.now });
  const pace = createPace(how.perSecond);
  const counts = new Map<TableKind, Map<Outcome, number>>();
  const recounted = new Set<string>();
  /** Each account's count of webhooks is wrong from its first webhook on. */
  const forget = (account: string) => forgetWebhookCount(client, names.deliveries, account);
  async function restoreOne(kind: TableKind, item: RawItem): Promise<void> {
    await pace();
    const outcome = await restore(kind, item);
    const ofKind = counts.get(kind) ?? new Map<Outcome, number>();
    counts.set(kind, ofKind.set(outcome, (ofKind.get(outcome) ?? 0) + 1));
  }
  await readAll(async (kind, items) => {
    for (const { account } of kind === "webhooks" ? items : []) {
      if (account?.S === undefined || recounted.has(account.S)) continue;
      recounted.add(account.S);
      await forget(account.S);
    }
    await Promise.all(items.map((item) => restoreOne(kind, item)));
  });
  for (const account of recounted) {
    await forget(account);
    await renewVersion(client, names.deliveries, account);
  }
  return counts;
}

await command(usage, options, async ({ values, words: [folder, extra] }: Call) => {
  if (extra !== undefined) throw new UsageError(`Nothing to do with "${extra}"`);
  const { "from-table": given, replace, "per-second": perSecond } = check(asked, values);
  if ((folder === undefined) === (given.length === 0))
    throw new UsageError("Restore what? A folder that npm run backup has made, or --from-table");
  const backup = folder === undefined ? undefined : await fromFolder(folder);
  const target = await openTarget(values.stage);
  const names = tableNames(readOutputs(target, await target.outputs(), tableOutputs));
  const source = backup ?? (await fromTables(target, given, names));
  const counts = await restoreAll(target, names, source, { replace, perSecond });
  for (const [kind, ofKind] of counts) {
    const sums = outcomes.map((outcome) => `${(ofKind.get(outcome) ?? 0).toLocaleString("en")} ${outcome}`);
    console.log(`${kind}: ${sums.join(", ")}`);
  }
  return undefined;
});
