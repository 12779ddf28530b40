import { randomUUID } from "node:crypto";
import { connectHttpApi } from "../load/http-api.ts";
import type { StartSender } from "../load/sender.ts";
import { setting } from "../load/setting.ts";

/**
 * A Hookdeck Outpost that runs on this machine, by its documented API (https://hookdeck.com/docs/outpost). UNTRIED:
 * written from the documentation, never run against a server.
 */
export const startSender: StartSender = async () => {
  const api = connectHttpApi(setting("OUTPOST_URL", "http://127.0.0.1:3333"), {
    authorization: `Bearer ${setting("OUTPOST_API_KEY")}`,
  });
  const tenant = `bench-${randomUUID()}`;
  const path = `/api/v1/tenants/${tenant}`;
  await api.call("PUT", path, "{}");

  return {
    name: "Hookdeck Outpost",
    maxBatch: 1,
    async register(urls) {
      for (const url of urls) {
        const destination = { type: "webhook", topics: "*", config: { url } };
        await api.call("POST", `${path}/destinations`, JSON.stringify(destination));
      }
    },
    // Without `id`: Outpost drops one that it knows, and the bench counts from 0 each time.
    async publish(events) {
      for (const { json } of events) {
        const about = `"tenant_id":"${tenant}","topic":"user_activity","eligible_for_retry":true`;
        await api.call("POST", "/api/v1/publish", `{${about},"data":${json}}`);
      }
    },
    stop: api.close,
  };
};
