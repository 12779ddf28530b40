import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { bundle } from "../../../infra/bundling/bundle.ts";

/**
 * Functions bundled as they are deployed.
 * @returns where each is, and what deletes them all
 */
export async function bundleFunctions(names: readonly string[]) {
  const folder = mkdtempSync(join(tmpdir(), "claimr-webhooks-bench-"));
  await Promise.all(names.map((name) => bundle(name, join(folder, name))));
  return {
    urlOf: (name: string) => pathToFileURL(join(folder, name, "index.mjs")).href,
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}
