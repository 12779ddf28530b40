import type { Role } from "../domain/api-key.ts";

export type FunctionName =
  | "authorizer"
  | "webhooks"
  | "test-send"
  | "events"
  | "fanout"
  | "deliver"
  | "deliveries"
  | "undelivered"
  | "redeliver"
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
  { method: "POST", path: "/webhooks/{hook_id}/secret", access: "integrator", function: "webhooks" },
  { method: "POST", path: "/webhooks/{hook_id}/test", access: "integrator", function: "test-send" },
  { method: "POST", path: "/events", access: "publisher", function: "events" },
  { method: "POST", path: "/events/batch", access: "publisher", function: "events" },
  { method: "GET", path: "/deliveries", access: "integrator", function: "deliveries" },
  { method: "GET", path: "/deliveries/{id}", access: "integrator", function: "deliveries" },
  { method: "GET", path: "/undelivered", access: "integrator", function: "undelivered" },
  { method: "GET", path: "/undelivered/{id}", access: "integrator", function: "undelivered" },
  { method: "DELETE", path: "/undelivered/{id}", access: "integrator", function: "undelivered" },
  { method: "POST", path: "/undelivered/{id}/redeliver", access: "integrator", function: "undelivered" },
  { method: "POST", path: "/undelivered/redeliver", access: "integrator", function: "undelivered" },
  { method: "GET", path: "/jobs/{id}", access: "integrator", function: "undelivered" },
  { method: "DELETE", path: "/jobs/{id}", access: "integrator", function: "undelivered" },
] as const satisfies readonly Route[];

type KeyOf<R extends Route> = R extends Route ? `${R["method"]} ${R["path"]}` : never;
/** `GET /webhooks/{hook_id}` and so on: the routes that one function answers, and no other combination. */
export type RouteKeyOf<F extends FunctionName> = KeyOf<Extract<(typeof routes)[number], { function: F }>>;
