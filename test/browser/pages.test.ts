import type { Browser } from "playwright-core";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { type LocalRun, startLocalRun } from "../support/local-run.ts";
import { openBrowser } from "./support/chromium.ts";
import { signIn } from "./support/console.ts";
import { openPage, portray } from "./support/page.ts";
import { startStage } from "./support/stage.ts";

const TOUR_TIMEOUT_MS = 60_000;
const MAX_TRANSFERRED_BYTES = 150 * 1024;

let local: LocalRun;
let browser: Browser;
beforeAll(async () => {
  [local, browser] = await Promise.all([startLocalRun(), openBrowser()]);
});
afterAll(async () => {
  await Promise.all([local?.stop(), browser?.close()]);
});

async function open() {
  const watched = await openPage(browser);
  onTestFinished(() => watched.page.context().close());
  return watched;
}

test("/docs: authorize with the key, execute a call, see its answer; within the policy, and legible", {
  timeout: TOUR_TIMEOUT_MS,
}, async () => {
  await local.call("POST", "/webhooks", {
    scope: "referral",
    url: "http://127.0.0.1:4000/",
    hook_id: "by-swagger",
  });
  const { page, faults } = await open();
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

test("all of the console is less than 150 KiB on the wire, and no file of it comes from elsewhere", async () => {
  const { page } = await open();
  let transferred = 0;
  const origins = new Set<string>();
  page.on("requestfinished", async (request) => {
    origins.add(new URL(request.url()).origin);
    const { responseBodySize, responseHeadersSize } = await request.sizes();
    transferred += responseBodySize + responseHeadersSize;
  });
  await signIn(page, local.url, local.apiKey);
  await page.waitForLoadState("networkidle");
  expect([...origins]).toEqual([local.url]);
  expect(transferred).toBeGreaterThan(5_000);
  expect(transferred).toBeLessThan(MAX_TRANSFERRED_BYTES);
});

test("works under a stage's path, as it is deployed", async () => {
  const stage = await startStage(local.url, "/prod");
  onTestFinished(stage.close);
  const { page, faults } = await open();
  await signIn(page, `${stage.url}/prod`, local.apiKey);
  expect(await page.evaluate("document.querySelector('.brand img').naturalWidth")).toBeGreaterThan(0);
  await page.goto(`${stage.url}/prod/docs`);
  await page.getByText("/webhooks/{hook_id}").first().waitFor();
  expect(faults).toEqual([]);
});
