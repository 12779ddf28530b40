import type { Browser } from "playwright-core";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { type LocalRun, startLocalRun } from "../support/local-run.ts";
import { openBrowser } from "./support/chromium.ts";
import { openPage, portray } from "./support/page.ts";

const TOUR_TIMEOUT_MS = 60_000;

let local: LocalRun;
let browser: Browser;
beforeAll(async () => {
  [local, browser] = await Promise.all([startLocalRun(), openBrowser()]);
});
afterAll(async () => {
  await Promise.all([local?.stop(), browser?.close()]);
});

test("/docs: authorize with the key, execute a call, see its answer; within the policy, and legible", {
  timeout: TOUR_TIMEOUT_MS,
}, async () => {
  await local.call("POST", "/webhooks", {
    scope: "referral",
    url: "http://127.0.0.1:4000/",
    hook_id: "by-swagger",
  });
  const { page, faults } = await openPage(browser);
  onTestFinished(() => page.context().close());
  await page.goto(`${local.url}/docs`);
  await page.getByRole("button", { name: "Authorize" }).click();
  await page.locator(".auth-container input").fill(local.apiKey);
  await page.locator(".auth-btn-wrapper").getByRole("button", { name: "Apply" }).click();
  await page.locator(".auth-btn-wrapper").getByRole("button", { name: "Close" }).click();

  const operation = page.locator(".opblock-get", { has: page.locator('[data-path="/webhooks"]') });
  await operation.locator(".opblock-summary-control").click();
  await operation.getByRole("button", { name: "Execute" }).click();
  await operation.locator(".live-responses-table").getByText("by-swagger").first().waitFor();
  expect(await operation.locator(".request-url").textContent()).toContain(`${local.url}/webhooks`);
  expect(await portray(page, "docs")).toEqual([]);
  expect(faults).toEqual([]);
});
