import { type App, Validations } from "aws-cdk-lib";
import { AwsSolutionsChecks, ServerlessChecks } from "cdk-nag";

/**
 * Rules that every synthesis must pass, beside CDK's own validation of the template (`cdk.json` makes its errors
 * count). What cannot be mended is acknowledged where it is, with the reason.
 */
export const ruleSets = (app: App) => [new AwsSolutionsChecks(app), new ServerlessChecks(app)] as const;

export function addChecks(app: App): void {
  Validations.of(app).addPlugins(...ruleSets(app));
}
