import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { App } from "aws-cdk-lib";
import * as z from "zod";
import { type StackSettings, stackName } from "../../settings.ts";
import { WebhooksStack } from "../../stack.ts";

const resource = z.object({
  Type: z.string(),
  Properties: z.record(z.string(), z.unknown()).default({}),
  Metadata: z.record(z.string(), z.unknown()).default({}),
});
const template = z.object({
  Resources: z.record(z.string(), resource),
  Outputs: z.record(z.string(), z.object({ Value: z.unknown() })).default({}),
});
const cdkJson = z.object({ context: z.record(z.string(), z.unknown()) });

export type Resource = z.infer<typeof resource>;

export interface Template {
  /** CloudFormation puts it in front of the names that it makes up. */
  readonly stackName: string;
  /** By logical id. */
  readonly resources: Readonly<Record<string, Resource>>;
  /** By name, before their references are resolved. */
  readonly outputs: Readonly<Record<string, { readonly Value?: unknown }>>;
}

/**
 * Synthesizes the very stack that is deployed, in this process and without bundling: under a second, all of
 * it CPU. Nothing is left on disk.
 */
export function synthesize(settings: StackSettings): Template {
  const outdir = mkdtempSync(join(tmpdir(), "claimr-webhooks-synth-"));
  try {
    return synthesizeInto(outdir, settings, { "aws:cdk:bundling-stacks": [] });
  } finally {
    rmSync(outdir, { recursive: true, force: true });
  }
}

/** The same into a folder that stays, with the functions' bundles, as `cdk deploy` makes them. */
export const synthesizeBundled = (settings: StackSettings, outdir: string): Template =>
  synthesizeInto(outdir, settings, {});

function synthesizeInto(outdir: string, settings: StackSettings, context: Record<string, unknown>): Template {
  const app = new App({
    outdir,
    context: { ...featureFlags(), ...context },
    analyticsReporting: false,
    treeMetadata: false,
    stackTraces: false,
    // A WebAssembly linter that takes 1.5 s and says what `cdk synth` says.
    builtinCloudFormationValidation: false,
  });
  const stack = new WebhooksStack(app, stackName(settings.stage), settings);
  const assembly = app.synth({ skipValidation: true });
  const { Resources, Outputs } = template.parse(assembly.getStackArtifact(stack.artifactId).template);
  return { stackName: stack.stackName, resources: Resources, outputs: Outputs };
}

/** The flags the CDK CLI would pass: without them the template would not be the one that is deployed. */
function featureFlags() {
  const text = readFileSync(new URL("../../../cdk.json", import.meta.url), "utf8");
  return cdkJson.parse(JSON.parse(text)).context;
}
