import type { Browser } from "playwright-core";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { openBrowser } from "../browser/support/chromium.ts";
import { signIn } from "../browser/support/console.ts";
import { openPage } from "../browser/support/page.ts";
import { until } from "../support/local-run.ts";
import { anEvent, call, MOMENT_MS, newCampaign, startStory, target } from "./support/target.ts";

const story = await startStory();

let browser: Browser;
beforeAll(async () => {
  browser = await openBrowser();
});
afterAll(() => browser?.close());

async function open() {
  const watched = await openPage(browser);
  onTestFinished(() => watched.page.context().close());
  return watched;
}

test("the document names every way in, and is served as JSON", async () => {
  const { status, headers, body } = await call("GET", "/openapi.json", undefined, null);
  expect([status, body.openapi]).toEqual([200, "3.1.0"]);
  expect(headers.get("content-type")).toContain("application/json");
  expect(Object.keys(body.paths)).toEqual(
    expect.arrayContaining(["/webhooks", "/events", "/undelivered/redeliver"]),
  );
});

test("Swagger UI calls the API with a key", { timeout: 2 * MOMENT_MS }, async () => {
  const { hook_id } = await story.register(newCampaign(), ["/by-swagger"], {
    hook_id: `swagger-${newCampaign()}`,
  });
  const { page, faults } = await open();
  await page.goto(`${target.url}/docs`);
  await page.getByRole("button", { name: "Authorize" }).click();
  await page.locator(".auth-container input").fill(target.apiKey);
  await page.locator(".auth-btn-wrapper").getByRole("button", { name: "Apply" }).click();
  await page.locator(".auth-btn-wrapper").getByRole("button", { name: "Close" }).click();
  const operation = page.locator(".opblock-get", { has: page.locator('[data-path="/webhooks/{hook_id}"]') });
  await operation.locator(".opblock-summary-control").click();
  await operation
    .getByRole("button", { name: "Try it out" })
    .or(operation.getByRole("button", { name: "Execute" }))
    .first()
    .click();
  await operation.getByPlaceholder("hook_id").fill(hook_id);
  await operation.getByRole("button", { name: "Execute" }).click();
  await operation.locator(".live-responses-table").getByText(hook_id).first().waitFor();
  expect(faults).toEqual([]);
});

test("the console shows what was registered and what was delivered", { timeout: 2 * MOMENT_MS }, async () => {
  const campaign = newCampaign();
  const path = `/console-${campaign}`;
  const { hook_id } = await story.register(campaign, [path], { hook_id: `console-${campaign}` });
  const { body } = await call("POST", "/events", anEvent(campaign));
  await until(() => story.arrivedAt(path).length === 1, MOMENT_MS);
  const { page, faults } = await open();
  await signIn(page, target.url, target.apiKey);
  await page.goto(`${target.url}/console#/deliveries?hook_id=${hook_id}`);
  await page.getByText(body.id).first().waitFor();
  expect(faults).toEqual([]);
});
