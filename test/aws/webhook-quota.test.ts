import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { createWebhookQuota } from "../../shared/aws/webhook-quota.ts";
import { AT } from "../support/factories.ts";
import { startServices } from "../support/services.ts";

let services: Awaited<ReturnType<typeof startServices>>;
beforeAll(async () => {
  services = await startServices();
});
afterAll(() => services?.stop());

let account = "";
let accounts = 0;
let now = Date.parse(AT);
/** How many webhooks there really are, and how often they were counted. */
let there = 0;
let counts = 0;
/** Happens once, while they are counted. */
let meanwhile: (() => Promise<unknown>) | undefined;
beforeEach(() => {
  account = `account-${++accounts}`;
  now = Date.parse(AT);
  there = 0;
  counts = 0;
});

function quota(max: number) {
  const { claim, release } = createWebhookQuota(services.dynamoDb, services.table("StorageDeliveries"), {
    max,
    now: () => new Date(now),
    async count() {
      counts += 1;
      const happening = meanwhile;
      meanwhile = undefined;
      await happening?.();
      return there;
    },
  });
  return {
    release,
    async register() {
      const isClaimed = await claim(account);
      if (isClaimed) there += 1;
      return isClaimed;
    },
    claim: () => claim(account),
  };
}
const passed = (claims: readonly boolean[]) => claims.filter(Boolean).length;
const together = (claim: () => Promise<boolean>, times: number) =>
  Promise.all(Array.from({ length: times }, claim));

test("as many as it may, and one more when one is given back", async () => {
  const { register, release } = quota(2);
  expect([await register(), await register(), await register()]).toEqual([true, true, false]);
  there -= 1;
  await release(account);
  expect([await register(), await register()]).toEqual([true, false]);
});

test("the first webhooks of a new account may come all at once", async () => {
  expect(passed(await together(quota(30).claim, 20))).toBe(20);
});

test("those registered before there was a count are counted", async () => {
  there = 10;
  await quota(10).release(account);
  expect(await quota(10).claim()).toBe(false);
  expect(await quota(11).claim()).toBe(true);
});

test("a claim whose webhook was never made is found a minute later, when the account seems to be full", async () => {
  const { claim, register } = quota(2);
  expect([await register(), await claim()]).toEqual([true, true]);
  now += 59_000;
  expect(await register()).toBe(false);
  now += 2_000;
  expect(await register()).toBe(true);
});

test("an account that is full and keeps asking is counted once a minute, not at each request", async () => {
  const { register } = quota(1);
  await register();
  now += 61_000;
  counts = 0;
  for (let n = 0; n < 59; n++, now += 1_000) expect(await register()).toBe(false);
  expect(counts).toBe(1);
});

test("of forty claims at once for the one place left, one passes, also when a place was lost before", async () => {
  const { claim, register } = quota(10);
  for (let n = 0; n < 9; n++) await register();
  expect(passed(await together(claim, 40))).toBe(1);
  now += 61_000;
  expect(passed(await together(claim, 40))).toBe(1);
});

test("a claim under way is not taken for a lost one", async () => {
  const { claim, register } = quota(2);
  await register();
  now += 61_000;
  expect([await claim(), await claim()]).toEqual([true, false]);
});

test("a claim made while a new account's webhooks are counted is not forgotten", async () => {
  const { claim } = quota(2);
  meanwhile = claim;
  expect([await claim(), await claim()]).toEqual([true, false]);
});

test("a claim made while a full account's webhooks are counted is not forgotten", async () => {
  const { claim, release, register } = quota(2);
  expect([await register(), await register()]).toEqual([true, true]);
  now += 61_000;
  meanwhile = async () => {
    there -= 1;
    await release(account);
    expect(await claim()).toBe(true);
  };
  expect(await claim()).toBe(false);
});
