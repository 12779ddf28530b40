import { mkdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { AxeBuilder } from "@axe-core/playwright";
import type { Browser, Page } from "playwright-core";

const screenshots = fileURLToPath(new URL("../screenshots/", import.meta.url));
const viewports = { desktop: { width: 1280, height: 860 }, phone: { width: 360, height: 740 } };
const ACTION_TIMEOUT_MS = 10_000;

export interface Watched {
  readonly page: Page;
  /** What a page must not do: break its own Content-Security-Policy, throw, log an error. */
  readonly faults: string[];
}

/** A new tab, with an eye on what goes wrong in it. */
export async function openPage(browser: Browser): Promise<Watched> {
  const context = await browser.newContext({
    viewport: viewports.desktop,
    reducedMotion: "reduce",
    locale: "en-GB",
  });
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

/** What axe-core finds serious or critical. The dark scheme differs in its colours only. */
async function seriousIssues(page: Page, colorScheme: "light" | "dark"): Promise<string[]> {
  const all = new AxeBuilder({ page });
  const builder = colorScheme === "light" ? all : all.withRules("color-contrast");
  // Legacy mode spares a tab for the result, which only pages with frames need.
  const { violations } = await builder.setLegacyMode().analyze();
  return violations
    .filter(({ impact }) => impact === "serious" || impact === "critical")
    .flatMap(({ id, nodes }) => nodes.map(({ html, any }) => `${id}: ${html} ${any[0]?.message ?? ""}`));
}

/** What a picture shows besides its view. Dialogs and states take two of them, as they share all their styles. */
export const looks = {
  all: [
    ["desktop", "light"],
    ["desktop", "dark"],
    ["phone", "light"],
    ["phone", "dark"],
  ],
  some: [
    ["desktop", "light"],
    ["phone", "dark"],
  ],
} as const;

/**
 * Pictures of what is on the screen, in light and dark, wide and narrow.
 * @returns the serious issues that axe-core found, and what is wider than its window
 */
export async function portray(
  page: Page,
  name: string,
  taken: (typeof looks)[keyof typeof looks] = looks.all,
): Promise<string[]> {
  mkdirSync(screenshots, { recursive: true });
  const found: string[] = [];
  for (const [form, colorScheme] of taken) {
    await page.setViewportSize(viewports[form]);
    await page.emulateMedia({ colorScheme });
    const path = `${screenshots}${name}-${form}-${colorScheme}.png`;
    await page.screenshot({ path, fullPage: taken === looks.all, animations: "disabled" });
    const width = await page.evaluate<number>("document.documentElement.scrollWidth");
    if (width > viewports[form].width) found.push(`${name}, ${form}: ${width} pixels wide`);
    // A narrow window differs in its layout only.
    if (form === "phone" && taken.length > looks.some.length) continue;
    const issues = await seriousIssues(page, colorScheme);
    found.push(...issues.map((issue) => `${name}, ${colorScheme}: ${issue}`));
  }
  await page.setViewportSize(viewports.desktop);
  return found;
}
