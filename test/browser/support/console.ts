import type { Page } from "playwright-core";
import { startReceiver } from "../../support/receiver.ts";

/** A URL where nothing listens: whoever calls is refused. */
export async function refusingUrl(path = "/refuses"): Promise<string> {
  const receiver = await startReceiver();
  const url = receiver.url(path);
  await receiver.close();
  return url;
}

export async function signIn(page: Page, url: string, apiKey: string): Promise<void> {
  await page.goto(`${url}/console`);
  await page.getByLabel("API key").fill(apiKey);
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByRole("heading", { name: "Webhooks", exact: true }).waitFor();
}

/** Fills in and sends the Assign dialog. @returns the secret that it shows */
export async function assign(page: Page, hookId: string, urls: readonly string[]): Promise<string> {
  await page.getByRole("button", { name: "Assign webhook" }).click();
  const dialog = page.getByRole("dialog", { name: "Assign webhook" });
  await dialog.getByLabel("ID", { exact: true }).fill(hookId);
  for (const [index, url] of urls.entries()) {
    if (index > 0) await dialog.getByRole("button", { name: "Add another URL" }).click();
    await dialog.getByLabel(`URL ${index + 1}`, { exact: true }).fill(url);
  }
  await dialog.getByRole("button", { name: "Assign webhook" }).click();
  const assigned = page.getByRole("dialog", { name: "Webhook assigned" });
  const secret = await assigned.getByLabel("Signing secret").inputValue();
  await assigned.getByRole("button", { name: "I have kept it" }).click();
  return secret;
}
