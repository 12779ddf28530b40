import { existsSync, readdirSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, onTestFinished, test } from "vitest";
import { bundle } from "../../infra/bundling/bundle.ts";

/** What is deployed runs as a whole in `test/slow/bundles.test.ts`. */
const MAX_BUNDLE_BYTES = 500 * 1024;
const functions = fileURLToPath(new URL("../../functions/", import.meta.url));
const names = readdirSync(functions).filter((name) => existsSync(`${functions}${name}/handler.ts`));

test("each function's bundle is at most 500 KiB", async () => {
  const folder = await mkdtemp(join(tmpdir(), "claimr-bundle-sizes-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  expect(names).toContain("deliver");
  for (const name of names) {
    const { outputs } = await bundle(name, join(folder, name));
    for (const { bytes, inputs } of Object.values(outputs)) {
      const largest = Object.entries(inputs)
        .sort(([, one], [, other]) => other.bytesInOutput - one.bytesInOutput)
        .slice(0, 10)
        .map(([path, { bytesInOutput }]) => `${bytesInOutput} ${path}`);
      const message = [`${name}, largest first:`, ...largest].join("\n");
      expect(bytes, message).toBeLessThanOrEqual(MAX_BUNDLE_BYTES);
    }
  }
});
