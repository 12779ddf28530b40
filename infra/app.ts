import { App, Validations } from "aws-cdk-lib";
import { AwsSolutionsChecks, ServerlessChecks } from "cdk-nag";
import { ConfigError } from "../shared/config.ts";
import { deployedSettings, namedStages, stackName } from "./settings.ts";
import { WebhooksStack } from "./stack.ts";

const app = new App();
Validations.of(app).addPlugins(new AwsSolutionsChecks(app), new ServerlessChecks(app));
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
