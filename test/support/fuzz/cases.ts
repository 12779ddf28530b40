import fc, { type Arbitrary } from "fast-check";
import { type DocumentedOperation, document, documentedOperations } from "../documented.ts";
import { damaged, hostileTexts, spoilt } from "./hostile.ts";
import { oddAuthorizations, oddHeaders, oddMethods } from "./odd-headers.ts";
import { oddPathValues, oddQueries } from "./odd-targets.ts";
import { createSchemaValues } from "./schema-values.ts";

/** What answers to a request beside the operation itself, and so may answer what the document does not list. */
export type Rule =
  /** No such path, or not with this method. */
  | "gateway: no route"
  /** An escape in the target that stands for nothing. */
  | "gateway: not decodable"
  /** The request is no HTTP, is larger than a server reads, or ends too early: closed, or refused without a body. */
  | "http server";

export interface FuzzCase {
  readonly operation: DocumentedOperation;
  readonly way: string;
  readonly method: string;
  /** Text with `@@pool:n@@` where something stands that only the run knows, such as a delivery's id. */
  readonly target: string;
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body?: Buffer | undefined;
  readonly rule?: Rule | undefined;
  /** The one status that is right, where there is but one. */
  readonly mustBe?: number;
}

/** The nth of what the run has of a kind, counted around. */
const from = (...pools: string[]) =>
  fc.tuple(fc.constantFrom(...pools), fc.nat({ max: 50 })).map(([pool, n]) => `@@${pool}:${n}@@`);

/** Every URL of a valid input leads to the run's receiver, or nowhere on this machine. */
const url = fc
  .oneof(
    { weight: 8, arbitrary: fc.tuple(from("receiver"), fc.webPath(), fc.webQueryParameters()) },
    { weight: 1, arbitrary: fc.constant(["http://127.0.0.1:1", "/", "closed"] as const) },
  )
  .map(([origin, path, query]) => `${origin}${path === "" ? "/" : path}?${query}`);

const idShapes = [/^[A-Za-z0-9_-]{1,64}$/, /^dlv_[A-Za-z0-9_-]{24}$/, /^[A-Za-z0-9_-]{21}$/];
const madeUpId = fc.oneof(...idShapes.map((shape) => fc.stringMatching(shape)));
const hookId = fc.oneof({ weight: 4, arbitrary: from("webhooks", "victim_webhooks") }, madeUpId);

const valuesOf = createSchemaValues(document.components.schemas, {
  url: fc.oneof(url, fc.uniqueArray(url, { minLength: 1, maxLength: 3 })),
  hook_id: hookId,
});

/** `/webhooks/{hook_id}` and so on is filled in from what the run has under that first segment. */
const poolOf = ({ path }: DocumentedOperation) => path.split("/")[1] ?? "";

function pathOf(operation: DocumentedOperation): Arbitrary<string> {
  const pool = poolOf(operation);
  const value = fc.oneof(
    { weight: 6, arbitrary: from(pool) },
    { weight: 1, arbitrary: from(`victim_${pool}`) },
    { weight: 1, arbitrary: madeUpId },
  );
  return value.map((id) => operation.path.replace(/\{\w+\}/, id));
}

function queryOf({ path, parameters }: DocumentedOperation): Arbitrary<string> {
  const values = parameters
    .filter((parameter) => parameter.in === "query")
    .map(({ name, schema }) => {
      if (name === "cursor") return [name, from(`cursor_${path.slice(1)}`)] as const;
      return [name, name === "hook_id" ? from("webhooks") : valuesOf(schema)] as const;
    });
  return fc.record(Object.fromEntries(values), { requiredKeys: [] }).map((query) => {
    // Placeholders stay readable; what they stand for needs no escape.
    const pairs = Object.entries(query).map(
      ([name, value]) =>
        `${name}=${encodeURIComponent(String(value)).replaceAll("%40", "@").replaceAll("%3A", ":")}`,
    );
    return pairs.length === 0 ? "" : `?${pairs.join("&")}`;
  });
}

const authorization = (key: string) => ["authorization", `Bearer ${key}`] as const;
const json = ["content-type", "application/json"] as const;

/** A good call, as bytes: its path, query, headers and body; the ways spoil one of these. */
function goodCall(operation: DocumentedOperation): Arbitrary<FuzzCase> {
  const { method, requestBody } = operation;
  const schema = requestBody?.content["application/json"]?.schema;
  const body = schema
    ? valuesOf(schema).map((value) => Buffer.from(JSON.stringify(value)))
    : fc.constant(undefined);
  const given = requestBody?.required === false ? fc.option(body, { nil: undefined }) : body;
  return fc.tuple(pathOf(operation), queryOf(operation), given).map(([path, query, bytes]) => ({
    ...{ operation, way: "good", method, target: path + query, body: bytes },
    headers: [authorization("@@key_both:0@@"), ...(bytes ? [json] : [])],
  }));
}

function withBody(operation: DocumentedOperation): { weight: number; arbitrary: Arbitrary<FuzzCase> }[] {
  const schema = operation.requestBody?.content["application/json"]?.schema;
  if (!schema) return [];
  const values = valuesOf(schema);
  const texts = values.map((value) => JSON.stringify(value));
  const send = (way: string, bodies: Arbitrary<Buffer>) =>
    fc.tuple(goodCall(operation), bodies).map(([good, body]) => ({ ...good, way, body }));
  return [
    {
      weight: 9,
      arbitrary: send(
        "damaged",
        damaged(values).map((value) => Buffer.from(JSON.stringify(value) ?? "")),
      ),
    },
    { weight: 4, arbitrary: send("spoilt", spoilt(texts)) },
  ];
}

function oddly(operation: DocumentedOperation): Arbitrary<FuzzCase> {
  const good = goodCall(operation);
  const hasSecurity = operation.security.length > 0;
  const isKnown = (method: string) =>
    documentedOperations.some((other) => other.method === method && other.path === operation.path);
  const ways: Arbitrary<FuzzCase>[] = [
    fc.tuple(good, oddQueries).map(([call, { query, rule }]) => ({
      ...{ ...call, way: "query", rule },
      target: `${call.target.split("?")[0]}?${query}`,
    })),
    fc
      .tuple(good, hostileTexts, fc.constantFrom("limit", "cursor", "hook_id", "since", "status"))
      .map(([call, text, name]) => {
        const query = new URLSearchParams({ [name]: text }).toString();
        const rule = query.length > 8_000 ? ("http server" as const) : undefined;
        return { ...call, way: "query value", rule, target: `${call.target.split("?")[0]}?${query}` };
      }),
    fc.tuple(good, oddHeaders).map(([call, { headers, rule, body = call.body }]) => ({
      ...{ ...call, way: "headers", rule, body },
      headers: [...call.headers, ...headers],
    })),
    fc
      .tuple(good, oddMethods)
      .filter(([, { method }]) => !isKnown(method))
      .map(([call, { method, rule }]) => ({
        ...{ ...call, way: "method", method, rule },
      })),
  ];
  if (operation.path.includes("{")) {
    const values = oddPathValues(`@@${poolOf(operation)}:0@@`);
    ways.push(
      fc.tuple(good, values).map(([call, { value, rule }]) => ({
        ...{ ...call, way: "path", rule, target: operation.path.replace(/\{\w+\}/, value) },
      })),
    );
  }
  if (hasSecurity) {
    const wrongRole = operation.path.startsWith("/events") ? "@@key_integrator:0@@" : "@@key_publisher:0@@";
    ways.push(
      fc.tuple(good, oddAuthorizations).map(([call, headers]) => ({
        ...{ ...call, way: "authorization", headers: [...headers, json], mustBe: 401 },
      })),
      good.map((call) => ({ ...call, way: "role", headers: [authorization(wrongRole), json], mustBe: 403 })),
      good.map((call) => ({
        ...call,
        way: "stranger",
        headers: [authorization("@@key_stranger:0@@"), json],
      })),
    );
  }
  return fc.oneof(...ways);
}

/** Calls of every operation of the document, good and bad, as often as each other. */
export const fuzzCases: Arbitrary<FuzzCase> = fc.oneof(
  ...documentedOperations.map((operation) =>
    fc.oneof({ weight: 10, arbitrary: goodCall(operation) }, ...withBody(operation), {
      weight: 7,
      arbitrary: oddly(operation),
    }),
  ),
);
