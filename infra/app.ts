import { App } from "aws-cdk-lib";
import { ConfigError } from "../shared/config.ts";
import { deployedSettings, stackName } from "./settings.ts";
import { WebhooksStack } from "./stack.ts";

const app = new App();
try {
  const settings = deployedSettings(app.node.tryGetContext("stage"));
  new WebhooksStack(app, stackName(settings.stage), settings);
} catch (error) {
  if (!(error instanceof ConfigError)) throw error;
  console.error(`Cannot synthesize: ${error.message}`);
  process.exit(1);
}
