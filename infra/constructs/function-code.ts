import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { AssetHashType, DockerImage } from "aws-cdk-lib";
import { type AssetCode, Code } from "aws-cdk-lib/aws-lambda";

const root = fileURLToPath(new URL("../../", import.meta.url));
const BUNDLING = `${root}infra/bundling/main.ts`;

/**
 * The bundle of `functions/<name>`, made when the stack is synthesized; not at all when it is synthesized without
 * bundling, as for the local run.
 * @param addFiles the script, and its arguments, that adds to the bundle's folder
 * @throws when there is no such function
 */
export function functionCode(name: string, addFiles?: (folder: string) => string[]): AssetCode {
  if (!existsSync(`${root}functions/${name}/handler.ts`))
    throw new Error(`functions/${name}/handler.ts does not exist`);
  return Code.fromAsset(root, {
    // Of the bundle rather than of its sources: the same code is the same version.
    assetHashType: AssetHashType.OUTPUT,
    bundling: {
      // CDK asks for one, and only takes it when the local bundling declines.
      image: DockerImage.fromRegistry("none"),
      // CDK bundles once what looks the same to it, and this is all it can tell functions by.
      command: [name],
      local: {
        tryBundle(folder) {
          run([BUNDLING, name, folder]);
          if (addFiles) run(addFiles(folder));
          return true;
        },
      },
    },
  });
}

/** Standard output is the template's. */
const run = (script: string[]) =>
  execFileSync(process.execPath, script, { stdio: ["ignore", "ignore", "inherit"] });
