import * as z from "zod";
import { connectHttpApi } from "../load/http-api.ts";
import type { StartSender } from "../load/sender.ts";
import { setting } from "../load/setting.ts";

const made = z.object({ id: z.string() });

/**
 * A Svix server that runs on this machine, by its documented API (https://api.svix.com/docs). UNTRIED: written from the
 * documentation, never run against a server.
 */
export const startSender: StartSender = async () => {
  const api = connectHttpApi(setting("SVIX_URL", "http://127.0.0.1:8071"), {
    authorization: `Bearer ${setting("SVIX_TOKEN")}`,
  });
  const answer = await api.call("POST", "/api/v1/app/", '{"name":"bench"}');
  const app = `/api/v1/app/${made.parse(JSON.parse(answer)).id}`;

  return {
    name: "Svix",
    maxBatch: 1,
    async register(urls) {
      for (const url of urls) await api.call("POST", `${app}/endpoint/`, JSON.stringify({ url }));
    },
    // Without `eventId`: Svix refuses one that it knows, and the bench counts from 0 each time.
    async publish(events) {
      for (const { json } of events) {
        await api.call("POST", `${app}/msg/`, `{"eventType":"user_activity","payload":${json}}`);
      }
    },
    stop: api.close,
  };
};
