import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { StartFailure } from "../local/failure.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));
const cli = fileURLToPath(new URL("../../node_modules/aws-cdk/bin/cdk", import.meta.url));

/**
 * The ordinary CDK CLI. What it prints goes to standard error.
 * @throws StartFailure when it fails; it has said why
 */
export async function cdk(args: readonly string[], environment: Readonly<Record<string, string>>) {
  const child = spawn(process.execPath, [cli, ...args, "--no-notices", "--ci=false"], {
    cwd: root,
    env: environment,
    stdio: ["ignore", 2, 2],
  });
  const [code] = await once(child, "close");
  if (code !== 0) throw new StartFailure(`cdk ${args[0]} failed, see above.`);
}
