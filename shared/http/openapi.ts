import { version } from "../version.ts";
import { routes } from "./routes.ts";

/** The OpenAPI document of the API. */
export function openApiDocument(): Readonly<Record<string, unknown>> {
  const paths: Record<string, Record<string, unknown>> = {};
  for (const { method, path, access } of routes) {
    const names = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
    paths[path] = {
      ...paths[path],
      [method.toLowerCase()]: {
        summary: `${method} ${path}`,
        ...(access !== "open" && { security: [{ apiKey: [] }] }),
        parameters: names.map((name) => ({ name, in: "path", required: true, schema: { type: "string" } })),
        responses: { default: { description: "The answer" } },
      },
    };
  }
  return {
    openapi: "3.1.0",
    info: { title: "claimr webhooks", version },
    // Relative to this document, which lies under a stage's path when deployed.
    servers: [{ url: "." }],
    components: { securitySchemes: { apiKey: { type: "http", scheme: "bearer" } } },
    paths,
  };
}
