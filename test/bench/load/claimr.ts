import { startLocalRun } from "../../support/local-run.ts";
import type { BenchEvent } from "./event.ts";
import { connectHttpApi } from "./http-api.ts";
import type { Sender } from "./sender.ts";

const MAX_URLS_EACH = 10;

/** This product, as `npm start` runs it, with nothing kept on disk and without the limits of accounts. */
export async function startClaimr(environment: Record<string, string> = {}) {
  const local = await startLocalRun({
    ACCOUNT_MAX_EVENTS_IN_FLIGHT: "10000000",
    ACCOUNT_MAX_REQUESTS_PER_SECOND: "100000",
    ACCOUNT_MAX_WEBHOOKS: "100000",
    ...environment,
  });
  const api = connectHttpApi(local.url, { authorization: `Bearer ${local.apiKey}` });
  const post = async (path: string, body: string) => void (await api.call("POST", path, body));

  return {
    name: "claimr-webhooks",
    processes: [
      "`npm start`: a thread each for the API, the fan-out, the deliveries, the redeliveries, DynamoDB and SQS",
    ],
    local,
    maxBatch: 100,
    async register(urls) {
      for (let start = 0; start < urls.length; start += MAX_URLS_EACH) {
        const url = urls.slice(start, start + MAX_URLS_EACH);
        await post("/webhooks", JSON.stringify({ scope: "user_activity", url }));
      }
    },
    publish: (events: readonly BenchEvent[]) =>
      events.length === 1
        ? post("/events", events[0]?.json ?? "")
        : post("/events/batch", `{"events":[${events.map(({ json }) => json).join()}]}`),
    async stop() {
      await api.close();
      await local.kill();
    },
  } satisfies Sender & Record<string, unknown>;
}
