import { execFile } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, renameSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { type Browser, chromium as driver } from "playwright-core";
import * as z from "zod";

const packageUrl = new URL("../../../node_modules/@sparticuz/chromium/package.json", import.meta.url);
const { version } = z.object({ version: z.string() }).parse(JSON.parse(readFileSync(packageUrl, "utf8")));

/**
 * Not the package's own list, which is for Lambda: it turns web security off, and draws by an emulated GPU, ten times
 * slower than without. Chromium's sandbox needs rights that a container seldom gives; the pages here are our own.
 */
const args = ["--no-sandbox", "--disable-gpu", "--font-render-hinting=none"];

/** Headless Chromium from node_modules: nothing is installed, nothing is downloaded. */
export async function openBrowser(): Promise<Browser> {
  return driver.launch({ executablePath: await unpacked(), args, headless: true });
}

/**
 * Chromium is unpacked once for each version, and appears whole: the package itself takes any file of that name in
 * the temporary folder for a complete one, which goes wrong when two test files begin at the same time.
 */
async function unpacked(): Promise<string> {
  const folder = join(tmpdir(), `claimr-webhooks-chromium-${version}`);
  if (!existsSync(folder)) {
    const unfinished = mkdtempSync(`${folder}-`);
    const unpack = `import chromium from "@sparticuz/chromium"; await chromium.executablePath();`;
    await promisify(execFile)(process.execPath, ["--input-type=module", "--eval", unpack], {
      env: { PATH: "/usr/bin:/bin", TMPDIR: unfinished },
    });
    try {
      renameSync(unfinished, folder);
    } catch {
      // Another test file was faster.
      rmSync(unfinished, { recursive: true, force: true });
    }
  }
  return join(folder, "chromium");
}
