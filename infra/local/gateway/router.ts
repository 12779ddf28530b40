import type { ApiRoute } from "../template/wiring-api.ts";

export interface RouteMatch {
  readonly route: ApiRoute;
  /** Decoded. */
  readonly parameters: Readonly<Record<string, string>>;
}

export type Router = (method: string, segments: readonly string[]) => RouteMatch | undefined;

/** `{name}` takes one segment, `{name+}` all that are left. */
const parameterName = (segment: string) => /^\{(.+?)\+?\}$/.exec(segment)?.[1];
const isGreedy = (segment: string | undefined) => segment?.endsWith("+}") === true;

/**
 * Finds the route of a request, given the decoded segments of its path.
 * A literal segment wins over a parameter.
 */
export function createRouter(routes: readonly ApiRoute[]): Router {
  const compiled = routes
    .map((route) => ({ route, pattern: route.path.split("/").slice(1) }))
    .sort((a, b) => specificity(b.pattern).localeCompare(specificity(a.pattern)));

  return function findRoute(method, segments) {
    for (const { route, pattern } of compiled) {
      if (route.method !== method && route.method !== "ANY") continue;
      const parameters = match(pattern, segments);
      if (parameters) return { route, parameters };
    }
    return undefined;
  };
}

/** Sorts after the less specific: 2 is a literal segment, 1 a parameter, 0 a greedy one. */
const specificity = (pattern: readonly string[]) =>
  pattern.map((segment) => (parameterName(segment) === undefined ? 2 : isGreedy(segment) ? 0 : 1)).join("");

function match(pattern: readonly string[], segments: readonly string[]): Record<string, string> | undefined {
  const greedy = isGreedy(pattern.at(-1));
  if (greedy ? segments.length < pattern.length : segments.length !== pattern.length) return undefined;
  const parameters: Record<string, string> = {};
  for (const [index, expected] of pattern.entries()) {
    const name = parameterName(expected);
    const given = isGreedy(expected) ? segments.slice(index).join("/") : segments[index];
    if (name === undefined && given !== expected) return undefined;
    if (name !== undefined) {
      if (!given) return undefined;
      parameters[name] = given;
    }
  }
  return parameters;
}
