import type { LocalRun } from "./run.ts";
import { IN_MEMORY } from "./settings.ts";

const webhook = { scope: "user_activity", url: "http://127.0.0.1:4000/" };

/** The sample event of the contract (DESIGN §4), without an `id`: each paste publishes another event. */
const event = {
  scope: "user_activity",
  user: "23945872938472",
  wallet: "0x71C7656EC7ab88b098defB751B7401B5f6d8976F",
  email: "user@example.com",
  campaign: { id: "sue7r1vO", name: "Test campaign" },
  event: {
    type: "action_completed",
    data: {
      action: { id: "_g06CbGQ", name: "reCAPTCHA", type: "recaptcha" },
      xp: 10,
      total_xp: 120,
      ref_xp: 0,
      ugc_xp: 0,
      xp_mul: 1,
      rank: 42,
      team: null,
    },
  },
};

/** What `npm start` prints once all is ready: where everything is, and commands that work when pasted. */
export function banner({ url, apiKey, services }: Omit<LocalRun, "stop">, dataDir: string): string {
  return `
claimr webhooks runs locally: the same handlers, embedded services, nothing of it on AWS

  API        ${url}
  Console    ${url}/console
  Swagger    ${url}/docs
  API key    ${apiKey}   (account demo; roles integrator, publisher)
  DynamoDB   ${services.dynamodb}
  SQS        ${services.sqs}
  Scheduler  ${services.scheduler}
  Data       ${dataDir === IN_MEMORY ? "in memory, gone when this stops" : `${dataDir} (delete it to begin anew)`}

Register a webhook:
${curl(url, "/webhooks", apiKey, webhook)}

Publish an event:
${curl(url, "/events", apiKey, event)}

Ctrl-C drains and stops.
`;
}

const curl = (url: string, path: string, apiKey: string, body: object) =>
  `  curl -sS ${url}${path} -H ${quote(`Authorization: Bearer ${apiKey}`)} -H 'Content-Type: application/json' -d ${quote(JSON.stringify(body))}`;

/** For a POSIX shell: a single quote inside ends the text, is given by itself, and begins it again. */
const quote = (text: string) => `'${text.replaceAll("'", `'\\''`)}'`;
