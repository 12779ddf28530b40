import { Pool } from "undici";
import { startLocalRun } from "../../support/local-run.ts";
import type { BenchEvent } from "./event.ts";
import type { Sender } from "./sender.ts";

const MAX_URLS_EACH = 10;
/** A publisher's own connections: what it costs to publish is not the sender's. */
const CONNECTIONS = 16;

/** This product, as `npm start` runs it, with nothing kept on disk and without the limits of accounts. */
export async function startClaimr(environment: Record<string, string> = {}) {
  const local = await startLocalRun({
    ACCOUNT_MAX_EVENTS_IN_FLIGHT: "10000000",
    ACCOUNT_MAX_REQUESTS_PER_SECOND: "100000",
    ACCOUNT_MAX_WEBHOOKS: "100000",
    ...environment,
  });
  const pool = new Pool(local.url, { connections: CONNECTIONS, pipelining: 1 });
  const headers = { authorization: `Bearer ${local.apiKey}`, "content-type": "application/json" };

  async function post(path: string, body: string): Promise<void> {
    const answer = await pool.request({ method: "POST", path, headers, body });
    const text = await answer.body.text();
    if (answer.statusCode >= 300) throw new Error(`POST ${path} answered ${answer.statusCode}: ${text}`);
  }

  return {
    name: "claimr-webhooks",
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
      await pool.close();
      await local.kill();
    },
  } satisfies Sender & Record<string, unknown>;
}
