import { api } from "../../shared/http/api.ts";
import { openApiDocument } from "../../shared/http/openapi/document.ts";
import { version } from "../../shared/version.ts";
import { openAssets } from "./assets.ts";
import { createSite } from "./site.ts";

const site = createSite(openAssets(new URL("./assets/", import.meta.url)));

export const handler = api("site", {
  "GET /health": async () => ({ status: 200, body: { status: "ok", version } }),
  "GET /openapi.json": async () => ({ status: 200, body: openApiDocument() }),
  "GET /docs": site.page("docs"),
  "GET /docs/{file}": site.file("docs"),
  "GET /console": site.page("console"),
  "GET /console/{file}": site.file("console"),
});
