import { afterAll, beforeAll, beforeEach, expect, test, vi } from "vitest";
import { createUsageTable } from "../../shared/aws/usage-table.ts";
import { flightWindowOf } from "../../shared/domain/account-limits.ts";
import { log } from "../../shared/log.ts";
import { AT } from "../support/factories.ts";
import { startServices } from "../support/services.ts";

let services: Awaited<ReturnType<typeof startServices>>;
let usage: ReturnType<typeof createUsageTable>;
let now = Date.parse(AT);
beforeAll(async () => {
  services = await startServices();
  usage = createUsageTable(services.dynamoDb, services.table("StorageDeliveries"), () => now);
});
afterAll(() => services?.stop());

let account = "";
let accounts = 0;
/** Every test has an account of its own. */
beforeEach(() => {
  account = `account-${++accounts}`;
  now = Date.parse(AT);
});

test("requests are counted by account and window", async () => {
  expect(await usage.countRequests(account, 0, 3)).toBe(3);
  expect(await usage.countRequests(account, 0, 4)).toBe(7);
  expect(await usage.countRequests(account, 10_000, 1)).toBe(1);
  expect(await usage.countRequests("another", 0, 1)).toBe(1);
});

test("events are in flight until they are fanned out, and for a quarter of an hour at most", async () => {
  const window = now;
  expect(await usage.countAccepted(account, window, 100)).toBe(100);
  now += 301_000;
  await usage.countLanded(account, 40, AT);
  expect(await usage.countAccepted(account, flightWindowOf(now), 5)).toBe(65);
  expect(await usage.countAccepted(account, flightWindowOf(now), 0)).toBe(65);
  now += 900_000;
  expect(await usage.countAccepted(account, flightWindowOf(now), 1)).toBe(6);
});

test("a quiet account is not refused although nothing is in flight: every landing is told, whoever saw it", async () => {
  const instance = () =>
    createUsageTable(services.dynamoDb, services.table("StorageDeliveries"), () => now).countLanded;
  await usage.countAccepted(account, now, 50);
  for (let n = 0; n < 5; n++) await instance()(account, 10, AT);
  expect(await usage.countAccepted(account, now, 0)).toBe(0);
});

test("events that land together cost one write for each account", async () => {
  const send = vi.spyOn(services.dynamoDb, "send");
  await usage.countAccepted(account, now, 30);
  send.mockClear();
  await Promise.all(Array.from({ length: 30 }, () => usage.countLanded(account, 1, AT)));
  expect(send).toHaveBeenCalledTimes(1);
  send.mockRestore();
  expect(await usage.countAccepted(account, now, 0)).toBe(0);
});

test("no single partition key takes all the writes of a busy account", async () => {
  const send = vi.spyOn(services.dynamoDb, "send");
  for (let n = 0; n < 40; n++) await usage.countLanded(account, 1, AT);
  await usage.countRequests(account, 0, 1);
  await usage.countRequests(account, 10_000, 1);
  const keys = send.mock.calls.map(([{ input }]) => ("Key" in input ? JSON.stringify(input.Key) : ""));
  send.mockRestore();
  expect(new Set(keys.slice(0, 40)).size).toBeGreaterThanOrEqual(3);
  expect(new Set(keys.slice(40)).size).toBe(2);
});

test("a limit that cannot be looked up is not enforced; the log says so once a minute for an account", async () => {
  const errors = vi.spyOn(log, "error").mockReturnValue();
  const broken = createUsageTable(services.dynamoDb, "no-such-table", () => now);
  for (let n = 0; n < 3; n++) {
    expect(await broken.countRequests(account, 0, 1)).toBeUndefined();
    expect(await broken.countAccepted(account, now, 1)).toBeUndefined();
    await broken.countLanded(account, 1, AT);
  }
  expect(errors).toHaveBeenCalledTimes(1);
  await broken.countRequests("another", 0, 1);
  expect(errors).toHaveBeenCalledTimes(2);
  now += 60_000;
  await broken.countRequests(account, 0, 1);
  expect(errors).toHaveBeenCalledTimes(3);
  errors.mockRestore();
});
