import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { createUsageTable } from "../../shared/aws/usage-table.ts";
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

test("events are in flight until they are fanned out, and for an hour at most", async () => {
  expect(await usage.countAccepted(account, 100)).toBe(100);
  now += 90_000;
  await usage.countFannedOut(account, 40);
  expect(await usage.countAccepted(account, 5)).toBe(65);
  now += 3_600_000;
  expect(await usage.countAccepted(account, 1)).toBe(1);
});

test("a limit that cannot be looked up is not enforced: the request goes on", async () => {
  const errors = vi.spyOn(console, "error").mockImplementation(() => {});
  const broken = createUsageTable(services.dynamoDb, "no-such-table", () => now);
  expect(await broken.countRequests(account, 0, 1)).toBe(0);
  expect(await broken.countAccepted(account, 1)).toBe(0);
  await broken.countFannedOut(account, 1);
  expect(errors).toHaveBeenCalledTimes(3);
  errors.mockRestore();
});

describe("the webhooks of an account", () => {
  const claim = (max: number, there: number) => usage.claimWebhook(account, max, async () => there);

  test("as many as it may, and one more when one is given back", async () => {
    expect([await claim(2, 0), await claim(2, 1), await claim(2, 2)]).toEqual([true, true, false]);
    await usage.releaseWebhook(account);
    expect([await claim(2, 1), await claim(2, 2)]).toEqual([true, false]);
  });

  test("those registered before there was a count are counted", async () => {
    await usage.releaseWebhook(account);
    expect(await claim(10, 10)).toBe(false);
    expect(await claim(11, 10)).toBe(true);
  });

  test("a claim whose webhook was never made is found when the account seems to be full", async () => {
    expect([await claim(2, 0), await claim(2, 0)]).toEqual([true, true]);
    expect(await claim(2, 1)).toBe(true);
  });
});
