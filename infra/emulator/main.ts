import { CloudFormationClient, DescribeStacksCommand } from "@aws-sdk/client-cloudformation";
import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { SQSClient } from "@aws-sdk/client-sqs";
import * as z from "zod";
import { readEnvironment } from "../../shared/config.ts";
import { check, command, UsageError } from "../commands/command.ts";
import { stackName, stageName } from "../settings.ts";
import { apiUrlOf } from "./api-url.ts";
import { cdk } from "./cdk.ts";
import { restoreDropped } from "./dropped.ts";
import { anyCredentials, type Emulator, findEmulator } from "./emulator.ts";
import { schedulesFire } from "./schedules.ts";

const usage = `Deploys the stack to an emulator of AWS, with the ordinary CDK CLI.

  npm run deploy:local
  npm run deploy:local -- --destroy

Speaks to whatever answers LocalStack's API at AWS_ENDPOINT_URL (default http://127.0.0.1:4566), never to AWS.
Takes the settings of a stage (docs/deploying.md); endpoints may be private unless ALLOW_PRIVATE_ENDPOINTS=false.
Standard output is the API's URL and nothing else: URL=$(npm run --silent deploy:local)`;

const options = { destroy: { type: "boolean" } } as const;

/** From here on no delay goes by EventBridge schedule: SQS carries up to 900 s, and longer ones step by step. */
const NO_SCHEDULES = "901";

/** Those of a stage that the end-to-end suite must know too, or that have another default here. */
const settings = {
  ALLOW_PRIVATE_ENDPOINTS: z.string().default("true"),
  RETRY_DELAYS_SECONDS: z.string().exactOptional(),
  SCHEDULE_FROM_SECONDS: z.string().exactOptional(),
};

const tell = (line: string) => console.error(line);

/** Settings of the stage where an emulator's defaults differ from AWS's. */
async function stageSettings(emulator: Emulator): Promise<Record<string, string>> {
  const given = readEnvironment(settings);
  if (given.SCHEDULE_FROM_SECONDS !== undefined) return given;
  tell("Trying out whether schedules fire here (up to 25 s) …");
  if (await schedulesFire(emulator)) return given;
  tell("They do not: SQS will time all retries (SCHEDULE_FROM_SECONDS=901).");
  return { ...given, SCHEDULE_FROM_SECONDS: NO_SCHEDULES };
}

async function bootstrapOnce({ client, environment }: Emulator): Promise<void> {
  const describe = new DescribeStacksCommand({ StackName: "CDKToolkit" });
  const isThere = await new CloudFormationClient(client).send(describe).then(
    () => true,
    () => false,
  );
  if (!isThere) await cdk(["bootstrap", `aws://000000000000/${client.region}`], environment);
}

async function deploy(emulator: Emulator, stage: string): Promise<void> {
  const given = await stageSettings(emulator);
  await bootstrapOnce(emulator);
  const args = ["deploy", "--context", `stage=${stage}`, "--require-approval", "never"];
  await cdk(args, { ...emulator.environment, ...given });

  const cloudFormation = new CloudFormationClient(emulator.client);
  const clients = {
    cloudFormation,
    dynamoDb: new DynamoDBClient(emulator.client),
    sqs: new SQSClient(emulator.client),
  };
  const StackName = stackName(stage);
  for (const line of await restoreDropped(clients, StackName))
    tell(`The emulator left out, and has now been told: ${line}.`);
  const url = await apiUrlOf(emulator, StackName);
  tell(nextSteps(emulator, stage, url, given));
  console.log(url);
}

const assignments = (values: Readonly<Record<string, string>>) =>
  Object.entries(values)
    .map(([name, value]) => `${name}=${value}`)
    .join(" ");

/** Those that were in the environment stay there: they may be real. */
const madeUpCredentials = ({ credentials }: Emulator["client"]) =>
  credentials === anyCredentials
    ? assignments({
        AWS_ACCESS_KEY_ID: credentials.accessKeyId,
        AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
      })
    : "";

const nextSteps = (
  { endpoint, client }: Emulator,
  stage: string,
  url: string,
  given: Record<string, string>,
) => `
The stack ${stackName(stage)} runs on the emulator.

  API      ${url}
  Console  ${url}/console
  Swagger  ${url}/docs

For the commands of this project, and the AWS CLI:
  export AWS_ENDPOINT_URL=${endpoint} AWS_REGION=${client.region} ${madeUpCredentials(client)}
Make a key:
  KEY=$(npm run --silent keys -- create --stage ${stage} --account acme --role integrator --role publisher)
Run the end-to-end suite against it:
  ${assignments(given)} npm run test:e2e -- --url ${url} --key $KEY --stage ${stage}
`;

await command(usage, options, async ({ values, words: [extra] }) => {
  if (extra !== undefined) throw new UsageError(`Nothing to do with "${extra}"`);
  const { stage } = check({ stage: stageName.default("dev") }, values);
  const emulator = await findEmulator();
  if (values.destroy) await cdk(["destroy", "--context", `stage=${stage}`, "--force"], emulator.environment);
  else await deploy(emulator, stage);
  return undefined;
});
