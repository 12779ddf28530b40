import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { eventJson } from "../support/factories.ts";
import { type LocalRun, startLocalRun, until } from "../support/local-run.ts";
import { type Receiver, startReceiver } from "../support/receiver.ts";
import { openBrowser } from "./support/chromium.ts";
import { assign, refusingUrl, signIn } from "./support/console.ts";
import { looks, openPage, portray } from "./support/page.ts";

const JOURNEY_TIMEOUT_MS = 40_000;

let local: LocalRun;
let receiver: Receiver;
let browser: Browser;
/** Whether the receiver takes what it is sent at /fragile. */
let isMended = false;
beforeAll(async () => {
  [local, receiver, browser] = await Promise.all([
    startLocalRun({ RETRY_DELAYS_SECONDS: "1" }),
    startReceiver(({ path }) => ({ status: path === "/fragile" && !isMended ? 503 : 200 })),
    openBrowser(),
  ]);
});
afterAll(async () => {
  await Promise.all([local?.stop(), receiver?.close(), browser?.close()]);
});

async function openSignedIn(): Promise<{ page: Page; faults: string[] }> {
  const { page, faults } = await openPage(browser);
  onTestFinished(() => page.context().close());
  await signIn(page, local.url, local.apiKey);
  return { page, faults };
}

const undelivered = async (hookId: string): Promise<number> =>
  (await local.call("GET", `/undelivered?hook_id=${hookId}&limit=100`)).body.items.length;

/** Registers a webhook that fails, and publishes to it until so many events are undelivered. */
async function fail(hookId: string, count: number) {
  isMended = false;
  const campaign = { id: hookId, name: hookId };
  const webhook = {
    hook_id: hookId,
    scope: "user_activity",
    url: receiver.url("/fragile"),
    campaigns: [hookId],
  };
  await local.call("POST", "/webhooks", webhook);
  const events = Array.from({ length: count }, (_, index) =>
    eventJson({ id: `${hookId}-${index}`, campaign }),
  );
  await local.call("POST", "/events/batch", `{"events":[${events.join()}]}`);
  await until(async () => (await undelivered(hookId)) === count);
  isMended = true;
}

const delivered = async (hookId: string): Promise<number> =>
  (await local.call("GET", `/deliveries?hook_id=${hookId}&status=delivered&limit=100`)).body.items.length;

test("assign with two URLs, test with a user ID: one delivered, one failed with its reason", async () => {
  const { page, faults } = await openSignedIn();
  await assign(page, "tested", [receiver.url("/takes"), await refusingUrl()]);
  await page.getByRole("link", { name: "tested" }).click();
  await page.getByLabel("User ID").fill("23945872938472");
  await page.getByRole("button", { name: "Test", exact: true }).click();

  const results = page.locator(".results li");
  await results.filter({ hasText: "/takes" }).getByText("Delivered").waitFor();
  await results.filter({ hasText: "/refuses" }).getByText("Failed").waitFor();
  await results.filter({ hasText: "/refuses" }).getByText("connection refused").waitFor();
  expect(receiver.requests.some(({ body }) => String(body).includes("23945872938472"))).toBe(true);
  expect(await undelivered("tested")).toBe(0);
  expect(await portray(page, "tested")).toEqual([]);
  expect(faults).toEqual([]);
});

test("redeliver one, see it delivered; redeliver what is selected; delete", {
  timeout: JOURNEY_TIMEOUT_MS,
}, async () => {
  await fail("singly", 4);
  const { page, faults } = await openSignedIn();
  await page.goto(`${local.url}/console#/undelivered?hook_id=singly`);
  const row = (id: string) => page.locator(".undelivered-row", { hasText: id });

  await row("singly-0").getByRole("button", { name: "Redeliver" }).click();
  await row("singly-0").waitFor({ state: "detached" });
  await until(async () => (await delivered("singly")) === 1);

  for (const id of ["singly-1", "singly-2"]) await page.getByLabel(`Select event ${id}`).check();
  await page.getByRole("button", { name: "Redeliver selected" }).click();
  const dialog = page.getByRole("dialog", { name: "Redeliver selected" });
  await dialog.getByText("2 of 2").waitFor();
  await dialog.getByRole("button", { name: "Done" }).click();
  await until(async () => (await delivered("singly")) === 3);

  await row("singly-3").getByRole("button", { name: "Delete" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Delete" }).click();
  await page.getByText("Nothing found").waitFor();
  expect(await undelivered("singly")).toBe(0);

  await page.goto(`${local.url}/console#/deliveries?hook_id=singly&status=delivered`);
  await page.locator(".delivery").nth(2).waitFor();
  expect(faults).toEqual([]);
});

test("redeliver all as a job: counted first, then with progress", {
  timeout: JOURNEY_TIMEOUT_MS,
}, async () => {
  await fail("all", 12);
  const { page, faults } = await openSignedIn();
  await page.goto(`${local.url}/console#/undelivered?hook_id=all`);
  await page.getByRole("button", { name: "Redeliver all…" }).click();
  const dialog = page.getByRole("dialog", { name: "Redeliver all" });
  await dialog.getByText("12 events").waitFor();
  expect(await portray(page, "redeliver-all", looks.some)).toEqual([]);
  await dialog.getByRole("button", { name: "Redeliver 12" }).click();
  await dialog.getByText("Sent again").waitFor();
  await dialog.getByText("12 of 12").waitFor();
  expect(await portray(page, "redelivered-all", looks.some)).toEqual([]);
  await dialog.getByRole("button", { name: "Done" }).click();
  await page.getByText("Nothing found").waitFor();
  await until(async () => (await delivered("all")) === 12);
  expect(faults).toEqual([]);
});

test("rotate the secret: the new one is shown, once", async () => {
  await local.call("POST", "/webhooks", { hook_id: "rotated", scope: "referral", url: receiver.url() });
  const { page, faults } = await openSignedIn();
  await page.goto(`${local.url}/console#/webhooks/rotated`);
  await page.getByRole("button", { name: "Rotate secret" }).click();
  await page.getByLabel("Overlap, in hours").fill("1");
  await page.getByRole("dialog").getByRole("button", { name: "Rotate secret" }).click();
  const secret = await page.getByLabel("Signing secret").inputValue();
  expect(secret).toMatch(/^whsec_/);
  await page.getByRole("button", { name: "I have kept it" }).click();
  expect(await page.content()).not.toContain(secret);
  expect(faults).toEqual([]);
});
