import { App } from "aws-cdk-lib";
import { ConfigError } from "../shared/config.ts";
import { addChecks } from "./checks.ts";
import { deployedSettings, namedStages, stackName } from "./settings.ts";
import { WebhooksStack } from "./stack.ts";

const app = new App();
addChecks(app);
try {
  const committed: unknown = app.node.tryGetContext("stages");
  for (const stage of namedStages(app.node.tryGetContext("stage"), committed)) {
    const settings = deployedSettings(stage, undefined, committed);
    new WebhooksStack(app, stackName(settings.stage), settings);
  }
} catch (error) {
  if (!(error instanceof ConfigError)) throw error;
  console.error(`Cannot synthesize: ${error.message}`);
  process.exit(1);
}
