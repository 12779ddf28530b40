import { resolve } from "node:path";
import { ConfigError } from "../../shared/config.ts";
import { banner } from "./banner.ts";
import { StartFailure } from "./failure.ts";
import { startLocalRun } from "./run.ts";
import { IN_MEMORY, localSettings } from "./settings.ts";

/**
 * npm passes on the Ctrl-C that the terminal has already sent: so soon after the first, it is the same one.
 */
const ECHO_MS = 500;
/** What a shell makes of a program that Ctrl-C ended. */
const INTERRUPTED = 130;

async function main() {
  const settings = localSettings();
  const dataDir = settings.dataDir === IN_MEMORY ? IN_MEMORY : resolve(settings.dataDir);
  const run = await startLocalRun({ ...settings, dataDir });
  process.stdout.write(banner(run, dataDir));

  let askedAtMs: number | undefined;
  async function drain() {
    const askedBeforeMs = askedAtMs === undefined ? undefined : Date.now() - askedAtMs;
    if (askedBeforeMs !== undefined && askedBeforeMs < ECHO_MS) return;
    // Whoever asks twice does not want to wait.
    if (askedBeforeMs !== undefined) process.exit(INTERRUPTED);
    askedAtMs = Date.now();
    process.stdout.write("\nDraining; Ctrl-C again stops at once.\n");
    await run.stop();
    process.exit(0);
  }
  process.on("SIGINT", () => void drain());
  process.on("SIGTERM", () => void drain());
}

try {
  await main();
} catch (error) {
  if (!(error instanceof ConfigError || error instanceof StartFailure)) throw error;
  process.stderr.write(
    error instanceof ConfigError ? `Cannot start: ${error.message}\n` : `${error.message}\n`,
  );
  process.exit(1);
}
