import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { eventJson } from "../support/factories.ts";
import { type LocalRun, startLocalRun, until } from "../support/local-run.ts";
import { type Receiver, startReceiver } from "../support/receiver.ts";
import { openBrowser } from "./support/chromium.ts";
import { refusingUrl, signIn } from "./support/console.ts";
import { looks, openPage, portray } from "./support/page.ts";

const TOUR_TIMEOUT_MS = 60_000;

let local: LocalRun;
let receiver: Receiver;
let browser: Browser;
beforeAll(async () => {
  [local, receiver, browser] = await Promise.all([
    startLocalRun({ RETRY_DELAYS_SECONDS: "1,2" }),
    startReceiver(({ path }) =>
      path === "/busy"
        ? { status: 503, body: '{"error":"maintenance until noon"}', delayMs: 400 }
        : { body: '{"received":true}' },
    ),
    openBrowser(),
  ]);
  await furnish();
});
afterAll(async () => {
  await Promise.all([local?.stop(), receiver?.close(), browser?.close()]);
});

/** An account in which everything that can be seen is there to be seen. */
async function furnish() {
  const webhooks = [
    {
      hook_id: "crm-sync",
      scope: "user_activity",
      url: [receiver.url("/claimr/events"), receiver.url("/busy"), await refusingUrl("/analytics/ingest")],
    },
    { hook_id: "V1StGXR8_Z5jdHi6B-myT", scope: "user_reward", url: receiver.url("/rewards") },
    {
      hook_id: "logins",
      scope: "user_login",
      url: receiver.url("/logins"),
      campaigns: ["sue7r1vO", "k2P9xQ0a"],
    },
  ];
  for (const webhook of webhooks) await local.call("POST", "/webhooks", webhook);
  await local.call("PATCH", "/webhooks/logins", { status: "disabled" });
  for (const id of ["lisjywHXKAq6yQe2bH6Pd", "b7Qm0s5JrVZx2nKfT1uYw"])
    await local.call("POST", "/events", eventJson({ id }));
  await local.call(
    "POST",
    "/events",
    eventJson({ id: "first-login", scope: "user_login", campaign: { id: "sue7r1vO", name: "c" } }),
  );
  await until(async () => (await local.call("GET", "/undelivered")).body.items.length === 5);
}

async function openSignedIn(): Promise<{ page: Page; faults: string[] }> {
  const { page, faults } = await openPage(browser);
  onTestFinished(() => page.context().close());
  await signIn(page, local.url, local.apiKey);
  return { page, faults };
}

test("every view is legible in light and dark, wide and narrow", { timeout: TOUR_TIMEOUT_MS }, async () => {
  const { page, faults } = await openSignedIn();
  const found: string[] = [];
  const look = async (name: string) => found.push(...(await portray(page, name)));

  await page.getByText("crm-sync").waitFor();
  await look("webhooks");
  await page.goto(`${local.url}/console#/webhooks/crm-sync`);
  await page.locator(".delivery").first().waitFor();
  await page.locator(".delivery", { hasText: "/busy" }).first().locator("summary").click();
  await look("webhook");
  await page.goto(`${local.url}/console#/deliveries`);
  await local.call("POST", "/events", eventJson({ id: "live" }));
  await until(async () => {
    await page.getByRole("button", { name: "Refresh" }).click();
    return page.locator(".delivery", { hasText: "live" }).getByText("Retrying").first().isVisible();
  });
  await page.locator(".delivery", { hasText: "Retrying" }).first().locator("summary").click();
  await look("deliveries");
  await page.goto(`${local.url}/console#/undelivered`);
  await page.getByLabel("Select event first-login").check();
  await look("undelivered");

  await page.getByRole("button", { name: "Sign out" }).click();
  await look("sign-in");
  await page.getByLabel("API key").fill("nonsense");
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByText(/unknown or revoked/).waitFor();
  found.push(...(await portray(page, "sign-in-refused", looks.some)));
  expect(found).toEqual([]);
  expect(faults).toEqual([]);
});

test("so is every dialog", { timeout: TOUR_TIMEOUT_MS }, async () => {
  const { page, faults } = await openSignedIn();
  const found: string[] = [];
  const look = async (name: string) => found.push(...(await portray(page, name, looks.some)));
  const close = () => page.keyboard.press("Escape");

  await page.getByRole("button", { name: "Assign webhook" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("URL 1").fill("ftp://example.com");
  await dialog.getByLabel("Only some").check();
  await dialog.getByLabel("Campaign IDs").fill("sue7r1vO");
  await dialog.getByRole("button", { name: "Assign webhook" }).click();
  await dialog.locator(".error").waitFor();
  await look("assign");
  await dialog.getByLabel("URL 1").fill(receiver.url());
  await dialog.getByRole("button", { name: "Assign webhook" }).click();
  await page.getByRole("dialog", { name: "Webhook assigned" }).waitFor();
  await look("secret-once");
  await page.getByRole("button", { name: "I have kept it" }).click();

  await page.goto(`${local.url}/console#/webhooks/crm-sync`);
  for (const name of ["Edit", "Rotate secret", "Delete"]) {
    await page.getByRole("button", { name, exact: true }).click();
    await dialog.waitFor();
    await look(name.toLowerCase().replace(" ", "-"));
    await close();
  }
  await page.goto(`${local.url}/console#/undelivered`);
  await page
    .locator(".undelivered-row", { hasText: "/busy" })
    .first()
    .getByRole("button", { name: "Look inside" })
    .click();
  await dialog.getByText('"user"').waitFor();
  await look("look-inside");
  expect(found).toEqual([]);
  expect(faults).toEqual([]);
});

test("empty, loading and failing are states of their own", { timeout: TOUR_TIMEOUT_MS }, async () => {
  const { page } = await openPage(browser);
  onTestFinished(() => page.context().close());
  const found: string[] = [];
  const look = async (name: string) => found.push(...(await portray(page, name, looks.some)));
  const key = (await local.keys("create", "--account", "empty", "--role", "integrator")).stdout.trim();

  await signIn(page, local.url, key);
  await page.getByText("No webhook yet").waitFor();
  await look("empty");
  let letThrough = () => {};
  await page.route("**/deliveries*", async (route) => {
    await new Promise<void>((resolve) => {
      letThrough = resolve;
    });
    await route.fulfill({ status: 500, body: "{}" });
  });
  await page.getByRole("link", { name: "Deliveries" }).click();
  await page.getByText("Loading deliveries").waitFor();
  await look("loading");
  letThrough();
  await page.getByRole("button", { name: "Try again" }).waitFor();
  await look("failing");
  expect(found).toEqual([]);
});
