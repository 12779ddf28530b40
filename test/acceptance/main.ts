import { startVitest } from "vitest/node";
import * as z from "zod";
import { check, command, UsageError } from "../../infra/commands/command.ts";
import { tunables } from "../../infra/settings/tunables.ts";
import { stageName } from "../../infra/settings.ts";
import { readEnvironment } from "../../shared/config.ts";
import { startLocalRun } from "../support/local-run.ts";
import type { AcceptanceTarget } from "./support/target.ts";

const usage = `Runs the end-to-end suite against the local run, an emulator, or a deployed stage.

  npm run test:e2e
  npm run test:e2e -- --url http://127.0.0.1:3000 --key claimr_…
  npm run test:e2e -- --url https://….execute-api.eu-central-1.amazonaws.com/prod --key claimr_… --stage dev \\
      --listen 127.0.0.1:8080 --receiver https://my-tunnel.example.com

Without --url it starts a local run of its own, with short retries.
--key needs both roles. --stage lets it look behind the API, with the credentials of the AWS SDK: for the event bus
and the schedules. --receiver says how the target reaches the receivers that the suite starts at --listen (any free port of
127.0.0.1 unless told): a tunnel for a stage on AWS, http://host.docker.internal:8080 for an emulator in Docker.
RETRY_DELAYS_SECONDS and SCHEDULE_FROM_SECONDS must be those that the target was deployed with.
It removes the webhooks that it makes.`;

const options = {
  url: { type: "string" },
  key: { type: "string" },
  receiver: { type: "string" },
  listen: { type: "string" },
} as const;

const host = z
  .string()
  .regex(/^[^:]+:\d{1,5}$/, "must be host:port")
  .transform((text) => ({ host: text.split(":")[0] ?? "", port: Number(text.split(":")[1]) }));

const call = {
  url: z
    .url("must be the URL of an API")
    .transform((url) => url.replace(/\/$/, ""))
    .optional(),
  key: z.string().optional(),
  stage: stageName.optional(),
  receiver: z
    .url("must be a URL")
    .transform((url) => url.replace(/\/$/, ""))
    .optional(),
  listen: host.default({ host: "127.0.0.1", port: 0 }),
};

const timing = {
  RETRY_DELAYS_SECONDS: tunables.RETRY_DELAYS_SECONDS,
  SCHEDULE_FROM_SECONDS: tunables.SCHEDULE_FROM_SECONDS,
};
/** Of a local run started for the suite: one retry by SQS, one by schedule, within seconds. */
const short = { RETRY_DELAYS_SECONDS: [1, 4], SCHEDULE_FROM_SECONDS: 4 };

async function runAgainst(target: AcceptanceTarget): Promise<number> {
  const vitest = await startVitest("test", [], {
    project: "acceptance",
    run: true,
    reporters: ["verbose"],
    provide: { target },
    // A receiver at a given port is one receiver at a time.
    fileParallelism: target.listen.port === 0,
  });
  const failed = vitest.state.getCountOfFailedTests() + vitest.state.getUnhandledErrors().length;
  const ran = vitest.state.getFiles().length;
  await vitest.close();
  return failed > 0 || ran === 0 ? 1 : 0;
}

await command(usage, options, async ({ values, words: [extra] }) => {
  if (extra !== undefined) throw new UsageError(`Nothing to do with "${extra}"`);
  const { url, key, ...reach } = check(call, values);
  if ((url === undefined) !== (key === undefined)) throw new UsageError("--url and --key go together");
  if (url !== undefined && key !== undefined) {
    const { RETRY_DELAYS_SECONDS, SCHEDULE_FROM_SECONDS } = readEnvironment(timing);
    const policy = {
      retryDelaysSeconds: [...RETRY_DELAYS_SECONDS],
      scheduleFromSeconds: SCHEDULE_FROM_SECONDS,
    };
    return runAgainst({ url, apiKey: key, ...reach, ...policy });
  }
  const local = await startLocalRun({
    RETRY_DELAYS_SECONDS: short.RETRY_DELAYS_SECONDS.join(","),
    SCHEDULE_FROM_SECONDS: String(short.SCHEDULE_FROM_SECONDS),
  });
  try {
    return await runAgainst({
      ...{ url: local.url, apiKey: local.apiKey, ...reach },
      retryDelaysSeconds: short.RETRY_DELAYS_SECONDS,
      scheduleFromSeconds: short.SCHEDULE_FROM_SECONDS,
    });
  } finally {
    await local.stop();
  }
});
