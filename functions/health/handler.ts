import { api } from "../../shared/http/api.ts";
import { version } from "../../shared/version.ts";

export const handler = api("health", {
  "GET /health": async () => ({ status: 200, body: { status: "ok", version } }),
});
