import { execFile } from "node:child_process";
import { cp, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import * as z from "zod";

const root = fileURLToPath(new URL("../", import.meta.url));

const allowed: [file: string, specifiers: string[]][] = [
  ["shared/domain/retry.ts", ["zod/mini", "node:crypto", "./event.ts"]],
  [
    "shared/aws/queue.ts",
    ["@aws-sdk/client-sqs", "zod/mini", "../domain/event.ts", "../log.ts", "./coalesce.ts"],
  ],
  ["shared/http/api.ts", ["@middy/core", "zod/mini", "../domain/problem.ts", "../log.ts", "./routes.ts"]],
  ["functions/deliver/deliver.ts", ["zod/mini", "../../shared/domain/retry.ts", "../../shared/http/api.ts"]],
  [
    "functions/deliver/handler.ts",
    ["../../shared/aws/queue.ts", "../../shared/config.ts", "./deliver.ts", "nanoid"],
  ],
  ["functions/site/console/api.ts", ["preact", "preact/hooks", "./problem.ts"]],
  ["infra/constructs/api.ts", ["aws-cdk-lib", "../settings.ts", "../../shared/http/routes.ts"]],
];

const forbidden: [file: string, specifiers: string[]][] = [
  [
    "shared/domain/retry.ts",
    ["../aws/queue.ts", "../log.ts", "undici", "node:timers/promises", "@aws-sdk/client-sqs", "zod"],
  ],
  [
    "shared/aws/queue.ts",
    ["../http/api.ts", "../config.ts", "../../functions/deliver/deliver.ts", "aws-cdk-lib", "zod", "zod/v4"],
  ],
  [
    "shared/http/api.ts",
    ["../aws/queue.ts", "@aws-sdk/client-sqs", "../config.ts", "../../infra/stack.ts", "zod"],
  ],
  [
    "shared/config.ts",
    ["./aws/queue.ts", "./http/api.ts", "../functions/deliver/deliver.ts", "../infra/stack.ts", "zod"],
  ],
  [
    "functions/deliver/deliver.ts",
    ["../../shared/aws/queue.ts", "../../shared/config.ts", "../fanout/fanout.ts", "undici", "zod"],
  ],
  [
    "functions/deliver/handler.ts",
    ["../fanout/fanout.ts", "../../infra/stack.ts", "@aws-sdk/client-sqs", "aws-cdk-lib", "zod"],
  ],
  [
    "functions/site/console/api.ts",
    ["../../../shared/domain/event.ts", "node:fs", "@aws-sdk/client-sqs", "zod/mini"],
  ],
  [
    "infra/constructs/api.ts",
    ["../local/run.ts", "../../functions/deliver/deliver.ts", "../../test/support/receiver.ts"],
  ],
];

const report = z.object({ diagnostics: z.array(z.object({ location: z.object({ path: z.string() }) })) });

let probes: string;
let refused: string[];

/** A file of its own for each import, where the same rules hold as for the file it stands for. */
function probeFor(file: string, specifier: string): string {
  const name = `probe-${specifier.replaceAll(/[^a-z]+/g, "-")}`;
  const folder = dirname(file);
  // A handler is known by its name, so its folder is another.
  return basename(file) === "handler.ts" ? `${dirname(folder)}/${name}/handler.ts` : `${folder}/${name}.ts`;
}

/** One run of Biome, with the project's rules, over all probes. */
beforeAll(async () => {
  probes = await mkdtemp(join(tmpdir(), "claimr-arrows-"));
  await cp(join(root, "biome.json"), join(probes, "biome.json"));
  for (const [file, specifiers] of [...allowed, ...forbidden]) {
    for (const specifier of specifiers) {
      const probe = join(probes, probeFor(file, specifier));
      await mkdir(dirname(probe), { recursive: true });
      await writeFile(probe, `export { x } from "${specifier}";\n`);
    }
  }
  const args = ["lint", "--only=style/noRestrictedImports", "--reporter=json", "--max-diagnostics=none", "."];
  const output = await new Promise<string>((resolve) => {
    execFile(join(root, "node_modules/.bin/biome"), args, { cwd: probes }, (_, stdout) => resolve(stdout));
  });
  refused = report.parse(JSON.parse(output)).diagnostics.map(({ location }) => location.path);
});
afterAll(() => rm(probes, { recursive: true }));

const isRefused = (file: string, specifier: string) =>
  refused.some((path) => path.endsWith(probeFor(file, specifier)));

describe("the arrows that the linter holds", () => {
  test.each(allowed)("%s may import what is below it", (file, specifiers) => {
    expect(specifiers.filter((specifier) => isRefused(file, specifier))).toEqual([]);
  });

  test.each(forbidden)("%s may not import what is above or beside it", (file, specifiers) => {
    expect(specifiers.filter((specifier) => !isRefused(file, specifier))).toEqual([]);
  });
});
