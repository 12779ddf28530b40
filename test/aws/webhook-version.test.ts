import { ScanCommand } from "@aws-sdk/lib-dynamodb";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { accountFilters } from "../../shared/aws/account-data.ts";
import { type BatchReader, createBatchReader } from "../../shared/aws/batch-table.ts";
import { createWebhookQuota, forgetWebhookCount } from "../../shared/aws/webhook-quota.ts";
import {
  createVersionReader,
  readState,
  renewSendingVersion,
  renewVersion,
  versionKey,
} from "../../shared/aws/webhook-version.ts";
import { log } from "../../shared/log.ts";
import { startServices } from "../support/services.ts";

let services: Awaited<ReturnType<typeof startServices>>;
let tableName: string;
let read: BatchReader;
let versionOf: (account: string) => Promise<string | undefined>;
beforeAll(async () => {
  services = await startServices();
  tableName = services.table("StorageDeliveries");
  read = createBatchReader(services.dynamoDb);
  versionOf = createVersionReader({ read, tableName });
});
afterAll(() => services?.stop());

const renew = (account: string) => renewVersion(services.dynamoDb, tableName, account);
const renewSending = (account: string) => renewSendingVersion(services.dynamoDb, tableName, account);
const stateOf = async (account: string) =>
  readState(await read({ table: tableName, key: versionKey(account) }));

test("is none before the first write, and another after each, of that account alone", async () => {
  const seen = [await versionOf("acme")];
  expect(seen).toEqual([undefined]);
  await renew("acme-2");
  const other = await versionOf("acme-2");
  for (let n = 0; n < 3; n++) {
    await renew("acme");
    seen.push(await versionOf("acme"));
  }
  expect(new Set(seen).size).toBe(4);
  expect(await versionOf("acme-2")).toBe(other);
});

test("two writes at the same moment leave a version that nobody has seen", async () => {
  await renew("twin");
  const before = await versionOf("twin");
  await Promise.all([renew("twin"), renew("twin")]);
  expect(await versionOf("twin")).not.toBe(before);
});

test("every write leaves a state that sending has not seen; fan-out hears only of those that concern it", async () => {
  const states = [await stateOf("sender")];
  expect(states).toEqual([undefined]);
  const versions: unknown[] = [];
  for (const write of [renewSending, renew, renewSending, renewSending, renew]) {
    await write("sender");
    states.push(await stateOf("sender"));
    versions.push(await versionOf("sender"));
  }
  expect(new Set(states).size).toBe(6);
  expect(versions.map((version) => versions.indexOf(version))).toEqual([0, 1, 1, 1, 4]);
});

test("the state is unknown when its item cannot be read: sending then reads webhooks, and does not fail", () => {
  expect(readState({ ...versionKey("acme"), version: "one" })).toBeDefined();
  for (const spoilt of [undefined, {}, { version: 42 }, { version: "one", sending_version: 42 }])
    expect(readState(spoilt && { ...versionKey("acme"), ...spoilt })).toBeUndefined();
});

test("the account's count of webhooks does not touch it, nor it the count", async () => {
  const client = services.dynamoDb;
  const count = vi.fn(async () => 0);
  const quota = createWebhookQuota(client, tableName, { max: 2, count, now: () => new Date() });
  await quota.claim("counted");
  await renew("counted");
  const version = await versionOf("counted");
  await quota.claim("counted");
  expect(count).toHaveBeenCalledTimes(1);
  expect(await quota.claim("counted")).toBe(false);
  await forgetWebhookCount(client, tableName, "counted");
  expect(version).toBeDefined();
  expect(await versionOf("counted")).toBe(version);
});

test("is found with all else that is stored of its account, when that is deleted", async () => {
  await renew("leaving");
  await renew("leaving-2");
  const { FilterExpression } = accountFilters.deliveries("leaving");
  const values = Object.entries(accountFilters.deliveries("leaving").ExpressionAttributeValues);
  const { Items } = await services.dynamoDb.send(
    new ScanCommand({
      ...{ TableName: tableName, FilterExpression },
      ExpressionAttributeValues: Object.fromEntries(values.map(([name, { S }]) => [name, S])),
    }),
  );
  expect(Items).toMatchObject([{ pk: "usage#leaving#webhooks", sk: "version" }]);
});

test("that cannot be written fails nobody's registration, and is logged", async () => {
  const error = vi.spyOn(log, "error").mockReturnValue();
  await renewVersion(services.dynamoDb, "no-such-table", "acme");
  expect(error.mock.calls).toMatchObject([["webhooks.version_not_renewed", {}, { account: "acme" }]]);
  error.mockRestore();
});
