import { pathToFileURL } from "node:url";
import { banner } from "../../../infra/local/banner.ts";
import { startLocalRun } from "../../../infra/local/run.ts";
import { IN_MEMORY, localSettings } from "../../../infra/local/settings.ts";

/** The local run with functions from the folder that is given, rather than from their sources. */
const run = await startLocalRun(localSettings(), pathToFileURL(`${process.argv[2]}/`));
process.stdout.write(banner(run, IN_MEMORY));
process.on("SIGINT", () => void run.stop().then(() => process.exit(0)));
