import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { AssetHashType, DockerImage, Stack } from "aws-cdk-lib";
import { Code } from "aws-cdk-lib/aws-lambda";
import type { Construct } from "constructs";

const BUNDLING = fileURLToPath(new URL("../bundling/main.ts", import.meta.url));

/**
 * The bundle of `functions/<name>`, made when the stack is synthesized; not at all when it is synthesized without
 * bundling, as for the local run.
 * @param addFiles the script, and its arguments, that adds to the bundle's folder
 * @throws when there is no such function
 */
export function functionCode(scope: Construct, name: string, addFiles?: (folder: string) => string[]): Code {
  const folder = fileURLToPath(new URL(`../../functions/${name}`, import.meta.url));
  if (!existsSync(`${folder}/handler.ts`)) throw new Error(`functions/${name}/handler.ts does not exist`);
  // An asset makes CDK load what it knows of all regions, which is a good part of the local run's start.
  if (!Stack.of(scope).bundlingRequired) return Code.fromInline(`// functions/${name}, not bundled`);
  return Code.fromAsset(folder, {
    // Of the bundle rather than of its sources: the same code is the same version.
    assetHashType: AssetHashType.OUTPUT,
    bundling: {
      // CDK asks for one, and only takes it when the local bundling declines.
      image: DockerImage.fromRegistry("none"),
      local: {
        tryBundle(output) {
          run([BUNDLING, name, output]);
          if (addFiles) run(addFiles(output));
          return true;
        },
      },
    },
  });
}

/** Standard output is the template's. */
const run = (script: string[]) =>
  execFileSync(process.execPath, script, { stdio: ["ignore", "ignore", "inherit"] });
