import type { Role } from "../domain/api-key.ts";

export type FunctionName =
  | "authorizer"
  | "webhooks"
  | "events"
  | "fanout"
  | "deliver"
  | "deliveries"
  | "undelivered"
  | "site";

export interface Route {
  readonly method: "GET" | "POST" | "PATCH" | "DELETE";
  readonly path: string;
  /** The role an API key needs; `open` needs no key. */
  readonly access: Role | "open";
  /** The folder under `functions/` that answers. */
  readonly function: FunctionName;
}

/**
 * The REST API, whole. API Gateway, the local gateway and the handlers' role check all read this one table.
 */
export const routes = [
  { method: "GET", path: "/health", access: "open", function: "site" },
  { method: "GET", path: "/openapi.json", access: "open", function: "site" },
  { method: "GET", path: "/docs", access: "open", function: "site" },
  { method: "GET", path: "/docs/{file}", access: "open", function: "site" },
  { method: "GET", path: "/console", access: "open", function: "site" },
  { method: "GET", path: "/console/{file}", access: "open", function: "site" },
  { method: "POST", path: "/webhooks", access: "integrator", function: "webhooks" },
  { method: "GET", path: "/webhooks", access: "integrator", function: "webhooks" },
  { method: "GET", path: "/webhooks/{hook_id}", access: "integrator", function: "webhooks" },
  { method: "PATCH", path: "/webhooks/{hook_id}", access: "integrator", function: "webhooks" },
  { method: "DELETE", path: "/webhooks/{hook_id}", access: "integrator", function: "webhooks" },
  { method: "POST", path: "/events", access: "publisher", function: "events" },
  { method: "POST", path: "/events/batch", access: "publisher", function: "events" },
  { method: "GET", path: "/deliveries", access: "integrator", function: "deliveries" },
  { method: "GET", path: "/deliveries/{id}", access: "integrator", function: "deliveries" },
  { method: "GET", path: "/undelivered", access: "integrator", function: "undelivered" },
  { method: "GET", path: "/undelivered/{id}", access: "integrator", function: "undelivered" },
] as const satisfies readonly Route[];

export type RouteKey = `${(typeof routes)[number]["method"]} ${(typeof routes)[number]["path"]}`;
