import { mkdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { AxeBuilder } from "@axe-core/playwright";
import type { Browser, Page } from "playwright-core";

const screenshots = fileURLToPath(new URL("../screenshots/", import.meta.url));
const DESKTOP = { width: 1280, height: 860 };
const PHONE = { width: 360, height: 740 };
const ACTION_TIMEOUT_MS = 10_000;

export interface Watched {
  readonly page: Page;
  /** What a page must not do: break its own Content-Security-Policy, throw, log an error. */
  readonly faults: string[];
}

/** A new tab, with an eye on what goes wrong in it. */
export async function openPage(browser: Browser): Promise<Watched> {
  const context = await browser.newContext({ viewport: DESKTOP, reducedMotion: "reduce", locale: "en-GB" });
  context.setDefaultTimeout(ACTION_TIMEOUT_MS);
  const page = await context.newPage();
  const faults: string[] = [];
  page.on("pageerror", (error) => faults.push(`thrown: ${error.message}`));
  page.on("console", (message) => {
    // A refused call is also logged by the browser itself; whether it was expected is for the test to say.
    if (message.type() === "error" && !message.text().startsWith("Failed to load resource")) {
      faults.push(`logged: ${message.text()}`);
    }
  });
  await page.exposeFunction("tellViolation", (text: string) => faults.push(`policy: ${text}`));
  await page.addInitScript(`addEventListener("securitypolicyviolation", (event) =>
    tellViolation(event.violatedDirective + " " + event.blockedURI))`);
  return { page, faults };
}

/** What axe-core finds serious or critical. */
export async function seriousIssues(page: Page): Promise<string[]> {
  // Legacy mode spares a tab for the result, which only pages with frames need.
  const { violations } = await new AxeBuilder({ page }).setLegacyMode().analyze();
  return violations
    .filter(({ impact }) => impact === "serious" || impact === "critical")
    .flatMap(({ id, nodes }) => nodes.map(({ html, any }) => `${id}: ${html} ${any[0]?.message ?? ""}`));
}

/**
 * Pictures of what is on the screen, in light and dark, wide and narrow.
 * @returns the serious issues that axe-core found in any of them, and what is wider than its window
 */
export async function portray(page: Page, name: string): Promise<string[]> {
  mkdirSync(screenshots, { recursive: true });
  const found: string[] = [];
  for (const [form, viewport] of Object.entries({ desktop: DESKTOP, phone: PHONE })) {
    await page.setViewportSize(viewport);
    for (const colorScheme of ["light", "dark"] as const) {
      await page.emulateMedia({ colorScheme });
      await page.screenshot({ path: `${screenshots}${name}-${form}-${colorScheme}.png`, fullPage: true });
      const issues = await seriousIssues(page);
      found.push(...issues.map((issue) => `${name}, ${form}, ${colorScheme}: ${issue}`));
    }
    const width = await page.evaluate<number>("document.documentElement.scrollWidth");
    if (width > viewport.width) found.push(`${name}, ${form}: ${width} pixels wide`);
  }
  await page.setViewportSize(DESKTOP);
  return found;
}
