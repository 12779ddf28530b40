import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { eventJson } from "../support/factories.ts";
import { type LocalRun, startLocalRun, until } from "../support/local-run.ts";
import { type Receiver, startReceiver } from "../support/receiver.ts";
import { openBrowser } from "./support/chromium.ts";
import { assign, refusingUrl, signIn } from "./support/console.ts";
import { openPage } from "./support/page.ts";

let local: LocalRun;
let receiver: Receiver;
let browser: Browser;
beforeAll(async () => {
  [local, receiver, browser] = await Promise.all([
    startLocalRun({ RETRY_DELAYS_SECONDS: "2,2" }),
    startReceiver(() => ({ body: "thank you" })),
    openBrowser(),
  ]);
});
afterAll(async () => {
  await Promise.all([local?.stop(), receiver?.close(), browser?.close()]);
});

async function open() {
  const watched = await openPage(browser);
  onTestFinished(() => watched.page.context().close());
  return watched;
}

async function openSignedIn(key = local.apiKey) {
  const watched = await open();
  await signIn(watched.page, local.url, key);
  return watched;
}

describe("signing in", () => {
  test("a wrong key, and one without the integrator role, are told so", async () => {
    const { page, faults } = await open();
    await page.goto(`${local.url}/console`);
    const key = page.getByLabel("API key");
    const publisher = (await local.keys("create", "--account", "demo", "--role", "publisher")).stdout.trim();

    for (const [given, told] of [
      ["nonsense", /unknown or revoked/],
      [publisher, /integrator role/],
    ] as const) {
      await key.fill(given);
      await page.getByRole("button", { name: "Sign in" }).click();
      await page.getByText(told).waitFor();
    }
    expect(faults).toEqual([]);
  });

  test("lasts for the tab, not beyond it, and ends with the key", async () => {
    const { page } = await openSignedIn();
    await page.reload();
    await page.getByRole("heading", { name: "Webhooks", exact: true }).waitFor();
    const other = await page.context().newPage();
    await other.goto(`${local.url}/console`);
    await other.getByLabel("API key").waitFor();

    await page.getByRole("button", { name: "Sign out" }).click();
    await page.getByLabel("API key").waitFor();
    expect(await page.evaluate("sessionStorage.length + localStorage.length")).toBe(0);

    const made = await local.keys("create", "--account", "demo", "--role", "integrator");
    await signIn(page, local.url, made.stdout.trim());
    await local.keys("revoke", /key_\w+/.exec(made.stderr)?.[0] ?? "");
    await page.getByRole("link", { name: "Deliveries" }).click();
    await page.getByText("This key is no longer valid").waitFor();
  });
});

test("assign a webhook, publish, watch one endpoint take it and the retries of another end as undelivered", async () => {
  const { page, faults } = await openSignedIn();
  const secret = await assign(page, "journey", [receiver.url("/takes"), await refusingUrl()]);
  expect(secret).toMatch(/^whsec_/);
  await page.getByRole("link", { name: "journey" }).click();
  await page.getByText("Nothing sent yet").waitFor();
  expect(await page.content()).not.toContain(secret);

  await local.call("POST", "/events", eventJson({ id: "watched" }));
  const row = page.locator(".delivery", { hasText: "/refuses" });
  await until(async () => {
    await page.getByRole("button", { name: "Refresh" }).click();
    return row.isVisible();
  });
  await row.getByText("Retrying").waitFor();
  await page.locator(".delivery", { hasText: "/takes" }).getByText("Delivered").waitFor();
  await row.locator("summary").click();
  await row.getByText("connection refused").first().waitFor();
  await row.getByText(/next attempt (in|now)/).waitFor();
  // From here on nothing is clicked: the page follows by itself.
  await row.getByText("Undelivered").waitFor();
  expect(await row.locator(".attempts li").count()).toBe(3);
  await row.getByText("All 3 attempts failed").waitFor();

  await page.getByRole("link", { name: "Undelivered", exact: true }).click();
  const undelivered = page.locator(".undelivered-row", { hasText: "watched" });
  await undelivered.getByRole("button", { name: "Look inside" }).click();
  await page.getByRole("dialog").getByText('"user": "23945872938472"').waitFor();
  await page.keyboard.press("Escape");
  await page.getByLabel("Search").fill("no such thing");
  await page.getByText("Nothing found").waitFor();
  expect(faults).toEqual([]);
});

test("what is wrong with a field is said at the field", async () => {
  const { page } = await openSignedIn();
  await local.call("POST", "/webhooks", { scope: "user_login", url: receiver.url(), hook_id: "taken" });
  await page.getByRole("button", { name: "Assign webhook" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("ID", { exact: true }).fill("taken");
  await dialog.getByLabel("URL 1").fill("ftp://example.com");
  await dialog.getByRole("button", { name: "Assign webhook" }).click();
  const url = dialog.getByRole("textbox", { name: "URL 1" });
  await dialog.locator(".url-row .error").waitFor();
  expect(await url.getAttribute("aria-invalid")).toBe("true");

  await url.fill(receiver.url());
  await dialog.getByRole("button", { name: "Assign webhook" }).click();
  await dialog.getByText("is taken").waitFor();
  expect(await dialog.getByLabel("ID", { exact: true }).getAttribute("aria-invalid")).toBe("true");
});

test("edit, disable, enable and delete, by keyboard alone; Esc closes, and focus goes back", async () => {
  await local.call("POST", "/webhooks", { scope: "referral", url: receiver.url(), hook_id: "keys" });
  const { page, faults } = await openSignedIn();
  const press = async (name: string) => {
    await page.getByRole("button", { name, exact: true }).last().focus();
    await page.keyboard.press("Enter");
  };
  await page.getByRole("link", { name: "keys", exact: true }).focus();
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name: "keys" }).waitFor();

  await press("Edit");
  await page.getByRole("dialog", { name: "Edit webhook" }).waitFor();
  await page.keyboard.press("Escape");
  await page.getByRole("dialog").waitFor({ state: "detached" });
  expect(await page.evaluate("document.activeElement.textContent")).toBe("Edit");

  await press("Edit");
  await page.getByRole("dialog").getByLabel("Only some").check();
  await page.getByLabel("Campaign IDs").fill("one, two");
  await page.keyboard.press("Enter");
  await page.getByText("one, two").waitFor();
  for (const [verb, then] of [
    ["Disable", "Disabled"],
    ["Enable", "Active"],
  ] as const) {
    await press(verb);
    await page.getByRole("dialog").waitFor();
    await press(verb);
    await page.getByText(then, { exact: true }).waitFor();
  }
  await press("Delete");
  await press("Delete webhook");
  await page.getByRole("heading", { name: "Webhooks", exact: true }).waitFor();
  expect((await local.call("GET", "/webhooks/keys")).status).toBe(404);
  expect(faults).toEqual([]);
});

test("a long log comes page by page, and is filtered by status", async () => {
  const campaign = { id: "long", name: "long" };
  await local.call("POST", "/webhooks", {
    ...{ hook_id: "long", scope: "user_activity", url: receiver.url("/long"), campaigns: ["long"] },
  });
  const events = Array.from({ length: 25 }, (_, index) => eventJson({ id: `long-${index}`, campaign }));
  await local.call("POST", "/events/batch", `{"events":[${events.join()}]}`);
  await until(async () => {
    const { body } = await local.call("GET", "/deliveries?hook_id=long&limit=100");
    return body.items.length === 25;
  });
  const { page } = await openSignedIn();
  await page.goto(`${local.url}/console#/deliveries?hook_id=long`);
  const rows = page.locator(".delivery");
  await rows.nth(19).waitFor();
  expect(await rows.count()).toBe(20);
  await page.getByRole("button", { name: "Load more" }).click();
  await rows.nth(24).waitFor();
  expect(await page.getByRole("button", { name: "Load more" }).isVisible()).toBe(false);

  await page.getByLabel("Status").selectOption("Undelivered");
  await page.getByText("None with this status").waitFor();
  expect(page.url()).toContain("status=undelivered");
});
