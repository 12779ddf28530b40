import * as z from "zod/mini";
import { version } from "../../version.ts";
import { type Route, routes } from "../routes.ts";
import { type OperationDocument, operations, tags } from "./operations.ts";
import { inputs, outputs, problem } from "./schemas.ts";
import { webhooks } from "./webhooks.ts";

type Json = Record<string, unknown>;

const problemTitles = {
  400: "The body is not JSON",
  401: "No API key, or none that is valid",
  403: "The API key lacks the role",
  404: "There is no such thing, or it is another account's",
  409: "It is taken, or changed at the same moment",
  413: "The body is too large",
  422: "A field is not valid",
  429: "A limit of the account is reached: too many requests, events in flight, or webhooks",
  500: "Something of ours failed; try again",
} as const;

const retryAfter = {
  description: "Seconds after which to try again.",
  schema: { type: "integer", minimum: 1 },
} as const;

/**
 * zod writes a date's rule as a pattern of 200 characters, and bounds no integer needs; the format says
 * enough.
 */
function simplify({ jsonSchema }: { jsonSchema: Json }) {
  if (jsonSchema.format !== undefined) delete jsonSchema.pattern;
  if (jsonSchema.maximum === Number.MAX_SAFE_INTEGER) delete jsonSchema.maximum;
  if (jsonSchema.minimum === Number.MIN_SAFE_INTEGER) delete jsonSchema.minimum;
}

const options = { override: simplify, unrepresentable: "any" } as const;
const reference = (id: string) => `#/components/schemas/${id}`;

function componentSchemas(registry: typeof inputs, io: "input" | "output"): Json {
  const { schemas } = z.toJSONSchema(registry, { ...options, io, uri: reference });
  const named = Object.entries(schemas).map(([id, { $schema: _, $id: __, ...schema }]) => [id, schema]);
  return Object.fromEntries(named);
}

function refer(schema: z.ZodMiniType): Json {
  const id = inputs.get(schema)?.id ?? outputs.get(schema)?.id;
  if (id === undefined) throw new Error("An operation's schema is in neither registry");
  return { $ref: reference(id) };
}

function parametersOf(route: Route, { query }: OperationDocument): Json[] {
  const inPath = [...route.path.matchAll(/\{(\w+)\}/g)].map(([, name]) => ({
    ...{ name, in: "path", required: true, schema: { type: "string" } },
    description: name === "hook_id" ? "The webhook's id." : "As a list or an earlier answer gave it.",
  }));
  const inQuery = Object.entries(query?.shape ?? {}).map(([name, schema]) => {
    const { $schema: _, description, ...shape } = z.toJSONSchema(schema, { ...options, io: "input" });
    return {
      name,
      in: "query",
      required: false,
      schema: shape,
      description: description ?? queryWords[name],
    };
  });
  return [...inPath, ...inQuery];
}

const queryWords: Readonly<Record<string, string>> = {
  limit: "How many at most.",
  cursor: "`next_cursor` of the page before.",
};

function responsesOf(route: Route, { answer: [status, schema], problems = [] }: OperationDocument): Json {
  const any = route.access === "open" ? [429, 500] : [401, 403, 429, 500];
  const refusals = [...problems, ...any].toSorted((a, b) => a - b);
  const content = schema && { content: { "application/json": { schema: refer(schema) } } };
  return {
    [status]: { description: schema ? outputs.get(schema)?.description : "Done.", ...content },
    ...Object.fromEntries(refusals.map((code) => [code, { $ref: `#/components/responses/Problem${code}` }])),
  };
}

function operationOf(route: Route, operation: OperationDocument): Json {
  const { id, tag, summary, description, body, bodyIsOptional } = operation;
  const parameters = parametersOf(route, operation);
  return {
    ...{ operationId: id, tags: [tag], summary, description },
    security: route.access === "open" ? [] : [{ apiKey: [] }],
    ...(parameters.length > 0 && { parameters }),
    ...(body && {
      requestBody: { required: !bodyIsOptional, content: { "application/json": { schema: refer(body) } } },
    }),
    responses: responsesOf(route, operation),
  };
}

let made: Json | undefined;

/**
 * The OpenAPI 3.1 document of the API: its schemas are the ones that validate, its paths the route table. Made once,
 * when it is first asked for.
 */
export function openApiDocument(): Json {
  made ??= makeDocument();
  return made;
}

function makeDocument(): Json {
  const paths: Record<string, Json> = {};
  const byKey = new Map<string, OperationDocument>(Object.entries(operations));
  for (const route of routes) {
    const operation = byKey.get(`${route.method} ${route.path}`);
    if (!operation) continue;
    const method = route.method.toLowerCase();
    paths[route.path] = { ...paths[route.path], [method]: operationOf(route, operation) };
  }
  const responses = Object.entries(problemTitles).map(([code, description]) => [
    `Problem${code}`,
    {
      description,
      ...(code === "429" && { headers: { "Retry-After": retryAfter } }),
      content: { "application/problem+json": { schema: refer(problem) } },
    },
  ]);
  return {
    openapi: "3.1.0",
    info: {
      title: "claimr webhooks",
      version,
      description: "Register endpoints, publish campaign events, and see what became of every delivery.",
      license: { name: "MIT", identifier: "MIT" },
      contact: { name: "claimr", url: "https://docs.claimr.io" },
    },
    servers: [{ url: ".", description: "Where this document comes from." }],
    tags: Object.entries(tags).map(([name, description]) => ({ name, description })),
    paths,
    webhooks,
    components: {
      schemas: { ...componentSchemas(inputs, "input"), ...componentSchemas(outputs, "output") },
      responses: Object.fromEntries(responses),
      securitySchemes: {
        apiKey: { type: "http", scheme: "bearer", description: "An API key: `npm run keys -- create …`." },
      },
    },
  };
}
