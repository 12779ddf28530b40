import * as z from "zod";
import { type Environment, readEnvironment } from "../../shared/config.ts";
import { tunables } from "../settings/tunables.ts";
import { type StackSettings, toStackSettings, unsetStage } from "../settings.ts";

/** Keeps nothing: every store lives in memory and is gone when the run ends. */
export const IN_MEMORY = ":memory:";

/** The stage's name, and with it the name of the stack and of everything in it. */
export const localStage = "local";
export const localRegion = "us-east-1";
/** No account is behind these; the SDK insists on some. */
export const localCredentials = { accessKeyId: "local", secretAccessKey: "local" };
/** Everything the local run opens is for this machine alone. */
export const LOOPBACK = "127.0.0.1";

/** SDK options for talking to a local service. */
export const clientOptions = (url: string) => ({
  endpoint: url,
  region: localRegion,
  credentials: localCredentials,
});

const MAX_LATENESS_SECONDS = 3_600;

export interface LocalSettings {
  /** Where the API listens; 0 takes any free port. */
  readonly port: number;
  /** A folder, or {@link IN_MEMORY}. */
  readonly dataDir: string;
  /** The `demo` account's key; made and remembered when not given. */
  readonly apiKey: string | undefined;
  readonly schedulerLatenessSeconds: number;
  /** Makes the scheduler's lateness repeatable. */
  readonly seed: number | undefined;
  readonly stack: StackSettings;
}

/** `PORT`, which `npm run keys` reads too. */
export const port = z.coerce.number().int().min(0).max(65_535).default(3_000);

const variables = {
  ...tunables,
  // Integrators try their receivers out on this very machine.
  ALLOW_PRIVATE_ENDPOINTS: z._default(tunables.ALLOW_PRIVATE_ENDPOINTS, true),
  PORT: port,
  DATA_DIR: z.string().default(".local"),
  LOCAL_API_KEY: z
    .string()
    .regex(/^[\x21-\x7e]+$/, "must be printable ASCII without spaces, as it travels in a header")
    .optional(),
  SCHEDULER_LATENESS_SECONDS: z.coerce.number().min(0).max(MAX_LATENESS_SECONDS).default(0),
  SEED: z.coerce.number().int().min(0).max(0xffff_ffff).optional(),
};

/**
 * Settings of the local run (README, "Settings"), with a default for each.
 * @throws ConfigError naming what is wrong
 */
export function localSettings(environment?: Environment): LocalSettings {
  const given = readEnvironment(variables, environment);
  return {
    port: given.PORT,
    dataDir: given.DATA_DIR,
    apiKey: given.LOCAL_API_KEY,
    schedulerLatenessSeconds: given.SCHEDULER_LATENESS_SECONDS,
    seed: given.SEED,
    stack: { stage: localStage, production: false, ...toStackSettings(given), ...unsetStage() },
  };
}
