import { Ajv2020 } from "ajv/dist/2020.js";
import addFormats from "ajv-formats";
import * as z from "zod";
import { openApiDocument } from "../../shared/http/openapi/document.ts";

/** What of the OpenAPI document the tests read; everything is as it is published. */
const reference = z.object({ $ref: z.string() });
const content = z.record(z.string(), z.object({ schema: reference }));
const response = z.union([reference, z.object({ description: z.string(), content: content.optional() })]);
const parameter = z.object({
  name: z.string(),
  in: z.enum(["path", "query"]),
  schema: z.record(z.string(), z.unknown()),
});
const operation = z.object({
  operationId: z.string(),
  security: z.array(z.unknown()),
  parameters: z.array(parameter).default([]),
  requestBody: z.object({ required: z.boolean(), content }).optional(),
  responses: z.record(z.string(), response),
});
const published = z.looseObject({
  paths: z.record(z.string(), z.record(z.string(), operation)),
  components: z.looseObject({
    schemas: z.record(z.string(), z.record(z.string(), z.unknown())),
    responses: z.record(z.string(), response),
  }),
});

const plain: unknown = JSON.parse(JSON.stringify(openApiDocument()));
export const document = published.parse(plain);
export type DocumentedOperation = z.infer<typeof operation> & {
  readonly method: string;
  readonly path: string;
};

/** Every operation of the document, in its order. */
export const documentedOperations: readonly DocumentedOperation[] = Object.entries(document.paths).flatMap(
  ([path, methods]) =>
    Object.entries(methods).map(([method, one]) => ({ ...one, method: method.toUpperCase(), path })),
);

const ajv = new Ajv2020({ strict: false, allErrors: true });
addFormats.default(ajv);
ajv.addSchema(z.record(z.string(), z.unknown()).parse(plain), "document");

export interface SeenAnswer {
  readonly status: number;
  readonly contentType: string;
  /** Parsed, if it is JSON. */
  readonly body: unknown;
}

/** What about an answer is not as the document says; undefined when all is. */
export function undocumented(
  { method, path, responses }: DocumentedOperation,
  { status, contentType, body }: SeenAnswer,
): string | undefined {
  const given = responses[status];
  if (!given) return `${method} ${path} answered ${status}, which is not documented`;
  const described =
    "$ref" in given ? document.components.responses[given.$ref.split("/").at(-1) ?? ""] : given;
  if (!described || "$ref" in described) return `${status} refers to nothing`;
  if (!described.content) return body === "" ? undefined : `${status} has a body, and none is documented`;
  const schema = described.content[contentType]?.schema;
  if (!schema) return `${status} came as ${contentType}, which is not documented`;
  return schemaProblem(schema.$ref, body);
}

/** What about a value is not as a schema of the document says. @param $ref such as `#/components/schemas/Problem` */
export function schemaProblem($ref: string, value: unknown): string | undefined {
  const validate = ajv.getSchema(`document${$ref}`);
  if (!validate) return `there is no schema ${$ref}`;
  return validate(value) ? undefined : `${$ref}: ${ajv.errorsText(validate.errors)}`;
}
