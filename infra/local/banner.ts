import { sampleEvent } from "../../shared/domain/sample-event.ts";
import type { LocalRun } from "./run.ts";
import { IN_MEMORY } from "./settings.ts";

// With an id of its own, so that pasting it a second time makes no second webhook.
const webhook = { hook_id: "my-first-webhook", scope: "user_activity", url: "http://127.0.0.1:4000/" };

/** What `npm start` prints once all is ready: where everything is, and commands that work when pasted. */
export function banner({ url, apiKey, services }: Omit<LocalRun, "stop">, dataDir: string): string {
  const kept =
    dataDir === IN_MEMORY ? "in memory, gone when this stops" : `${dataDir} (delete it to begin anew)`;
  return `
claimr webhooks runs locally: the same handlers, embedded services, nothing of it on AWS

  API        ${url}
  Console    ${url}/console
  Swagger    ${url}/docs
  API key    ${apiKey}   (account demo; roles integrator, publisher)
  DynamoDB   ${services.dynamodb}
  SQS        ${services.sqs}
  Scheduler  ${services.scheduler}
  Data       ${kept}

Register a webhook:
${curl(url, "/webhooks", apiKey, webhook)}

Publish an event:
${curl(url, "/events", apiKey, sampleEvent("user_activity"))}

Keep the key at hand:
  KEY=${quote(apiKey)}

Ctrl-C drains and stops.
`;
}

function curl(url: string, path: string, apiKey: string, body: object): string {
  const headers = [`Authorization: Bearer ${apiKey}`, "Content-Type: application/json"];
  const options = headers.map((header) => `-H ${quote(header)}`).join(" ");
  return `  curl -sS ${url}${path} ${options} -d ${quote(JSON.stringify(body))} -w '\\n'`;
}

/** For a POSIX shell: a single quote inside ends the text, is given by itself, and begins it again. */
const quote = (text: string) => `'${text.replaceAll("'", `'\\''`)}'`;
