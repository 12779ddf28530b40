import { mkdir, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import * as z from "zod";
import { FUNCTION_METADATA } from "../../../../infra/constructs/service-function.ts";
import { localCredentials, localRegion, localSettings } from "../../../../infra/local/settings.ts";
import { synthesizeBundled } from "../../../../infra/local/template/synthesize.ts";
import { readWiring } from "../../../../infra/local/template/wiring.ts";

export interface Bundle {
  /** The function's folder under `functions/`, or {@link EMPTY}. */
  readonly name: string;
  readonly file: string;
  readonly bytes: number;
  readonly environment: Readonly<Record<string, string>>;
}

/** A handler that does nothing, and so shows what any start takes. */
export const EMPTY = "an empty handler";
/** Nothing is called before the first event. */
const NO_SQS = "http://127.0.0.1:9";

const code = z.object({ Code: z.object({ S3Key: z.string().endsWith(".zip") }) });

/** What Lambda itself sets, as far as anything here reads it. */
const lambdaEnvironment = {
  AWS_REGION: localRegion,
  AWS_ACCESS_KEY_ID: localCredentials.accessKeyId,
  AWS_SECRET_ACCESS_KEY: localCredentials.secretAccessKey,
  AWS_EXECUTION_ENV: "AWS_Lambda_nodejs24.x",
  AWS_LAMBDA_INITIALIZATION_TYPE: "on-demand",
};

/** The functions' bundles out of the synthesized stack, as `cdk deploy` would upload them, and an empty one. */
export async function makeBundles(folder: string): Promise<Bundle[]> {
  const template = synthesizeBundled(localSettings({}).stack, join(folder, "cdk.out"));
  const environments = new Map(
    readWiring(template, NO_SQS).functions.map(({ name, physicalName, environment }) => [
      name,
      { ...environment, AWS_LAMBDA_FUNCTION_NAME: physicalName },
    ]),
  );
  const ours = Object.values(template.resources).flatMap(({ Metadata, Properties }) => {
    const name = z.string().optional().parse(Metadata[FUNCTION_METADATA]);
    if (name === undefined) return [];
    const asset = code.parse(Properties).Code.S3Key.replace(/\.zip$/, "");
    return [{ name, file: join(folder, "cdk.out", `asset.${asset}`, "index.mjs") }];
  });
  return Promise.all(
    [...ours, { name: EMPTY, file: await makeEmpty(folder) }].map(async ({ name, file }) => ({
      name,
      file,
      bytes: (await stat(file)).size,
      environment: { ...lambdaEnvironment, ...environments.get(name) },
    })),
  );
}

async function makeEmpty(folder: string): Promise<string> {
  const file = join(folder, "empty", "index.mjs");
  await mkdir(join(folder, "empty"));
  await writeFile(file, "export const handler = async () => {};\n");
  return file;
}
