import * as z from "zod";
import { ConfigError, type Environment } from "../../shared/config.ts";
import { deployVariables } from "./variables.ts";

/** As JSON has it; the same text as in the environment, or a list instead of commas. */
const written = z.union([z.string(), z.number(), z.boolean(), z.array(z.number())]);
const stages = z.record(z.string(), z.record(z.string(), z.unknown()));

/** The stages that `cdk.json` knows, by name. @throws ConfigError when it holds something else there */
export function committedStages(context: unknown): Readonly<Record<string, Record<string, unknown>>> {
  const parsed = stages.safeParse(context ?? {});
  if (parsed.success) return parsed.data;
  throw new ConfigError('stages in cdk.json must hold an object for each stage, like {"prod": {}}');
}

/**
 * What `cdk.json` sets for a stage, as the environment would have it.
 * @throws ConfigError for a name that is no setting, which must not be ignored: it may be one, misspelt
 */
export function committedSettings(stage: string, context: unknown): Environment {
  const given = Object.entries(committedStages(context)[stage] ?? {});
  return Object.fromEntries(
    given.map(function toText([name, value]) {
      const place = `stages.${stage}.${name} in cdk.json`;
      if (!Object.hasOwn(deployVariables, name))
        throw new ConfigError(`${place} is no setting: docs/deploying.md lists them`);
      const parsed = written.safeParse(value);
      if (!parsed.success)
        throw new ConfigError(`${place} must be a text, a number, true, false or a list of numbers`);
      return [name, String(parsed.data)];
    }),
  );
}
