import type { APIGatewayProxyEvent, Context } from "aws-lambda";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import * as z from "zod";
import { Problem } from "../../shared/domain/problem.ts";
import { type ApiRequest, api } from "../../shared/http/api.ts";
import { cursorOf } from "../../shared/http/paging.ts";
import { captureLambdaLines } from "../support/monitoring/lambda-console.ts";

let captured: ReturnType<typeof captureLambdaLines>;
beforeEach(() => {
  captured = captureLambdaLines();
});
afterEach(() => captured.restore());

const anEvent = (fields: Record<string, unknown> = {}) =>
  ({
    httpMethod: "POST",
    resource: "/webhooks/{hook_id}/test",
    body: null,
    isBase64Encoded: false,
    pathParameters: null,
    queryStringParameters: null,
    requestContext: { authorizer: { account: "acme", roles: "integrator" } },
    ...fields,
  }) as unknown as APIGatewayProxyEvent;

/** Calls the API with one operation behind one route. */
async function call(operation: (request: ApiRequest) => unknown, fields: Record<string, unknown> = {}) {
  const handler = api("test-send", {
    "POST /webhooks/{hook_id}/test": async (request) => ({ status: 200, body: operation(request) }),
  });
  const answer = await handler(anEvent(fields), { awsRequestId: "r1" } as Context);
  return { status: answer.statusCode, headers: answer.headers, body: answer.body && JSON.parse(answer.body) };
}

describe("the API border", () => {
  test("hands an operation the caller's account and the body's exact text, from base64 or not", async () => {
    const text = '{ "n": 12345678901234567890, "é": "😀" }';
    for (const fields of [
      { body: text },
      { body: Buffer.from(text).toString("base64"), isBase64Encoded: true },
    ]) {
      const { body } = await call((request) => [request.account, request.text()], fields);
      expect(body).toEqual(["acme", text]);
    }
  });

  test("refuses bytes that are not UTF-8 instead of repairing them", async () => {
    const body = Buffer.from([0x22, 0xc3, 0x28, 0x22]).toString("base64");
    expect(await call((request) => request.text(), { body, isBase64Encoded: true })).toMatchObject({
      status: 400,
      body: { detail: "The body is not valid UTF-8" },
    });
  });

  test("tells of a failure of ours that it was ours, and nothing else; the log has the rest", async () => {
    const { status, headers, body } = await call(() => {
      throw new Error("table claimr-secret is on fire", { cause: new Error("the cause") });
    });
    expect(status).toBe(500);
    expect(headers).toMatchObject({ "content-type": "application/problem+json" });
    expect(body).toEqual({
      type: "about:blank",
      title: "Internal Server Error",
      status: 500,
      detail: "Something of ours failed; try again",
    });
    expect(captured.lines().map((line) => JSON.parse(line))).toMatchObject([
      {
        ...{ level: "ERROR", event: "request.failed", lambda_request_id: "r1" },
        error: { message: "table claimr-secret is on fire", cause: { message: "the cause" } },
      },
    ]);
  });

  test("tells of a refusal what was wrong", async () => {
    const { status, body } = await call(() => {
      throw new Problem("conflict", "There is one already", [{ path: "hook_id", message: "is taken" }]);
    });
    expect([status, body.errors]).toEqual([409, [{ path: "hook_id", message: "is taken" }]]);
    expect(captured.lines()).toEqual([]);
  });

  test("lets nobody in without the role, nor without an authorizer's word", async () => {
    const publisher = { requestContext: { authorizer: { account: "acme", roles: "publisher" } } };
    expect((await call(() => "in", publisher)).status).toBe(403);
    for (const authorizer of [undefined, {}, { account: "acme" }, { account: "acme", roles: "root" }]) {
      expect((await call(() => "in", { requestContext: { authorizer } })).status).toBe(500);
    }
  });

  test("knows no operation that the route table does not", async () => {
    expect((await call(() => "in", { httpMethod: "PUT" })).status).toBe(404);
  });
});

describe("a cursor", () => {
  const cursor = cursorOf(z.strictObject({ sk: z.string(), taken: z.int() }));

  test("is read as it was written", () => {
    fc.assert(
      fc.property(fc.string(), fc.integer(), (sk, taken) => {
        expect(cursor.read(cursor.write({ sk, taken }) ?? "")).toEqual({ sk, taken });
      }),
    );
  });

  test("that somebody made up is a refusal that names it, never a failure", () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.json().map((json) => Buffer.from(json).toString("base64url")),
        ),
        (text) => {
          try {
            cursor.read(text);
          } catch (error) {
            expect(error).toMatchObject({ kind: "invalid", errors: [{ path: "cursor" }] });
          }
        },
      ),
    );
  });

  test("of the last page is null", () => {
    expect(cursor.write(undefined)).toBeNull();
    expect(cursor.read(undefined)).toBeUndefined();
  });
});
