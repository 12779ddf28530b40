import { connect } from "node:net";
import type { APIGatewayProxyEvent, APIGatewayTokenAuthorizerEvent } from "aws-lambda";
import { beforeAll, describe, expect, onTestFinished, test, vi } from "vitest";
import { startGateway } from "../../infra/local/gateway/gateway.ts";
import { localSettings } from "../../infra/local/settings.ts";
import { synthesize } from "../../infra/local/template/synthesize.ts";
import { readWiring } from "../../infra/local/template/wiring.ts";
import { log } from "../../shared/log.ts";

const { api } = readWiring(synthesize(localSettings({}).stack), "http://127.0.0.1:1");
const MIB = 1_024 * 1_024;
/** API Gateway's; Lambda's is met sooner, but only when the body has been read. */
const LIMIT_BYTES = 10 * MIB;
const key = { authorization: "Bearer good" };

const policy = (Effect: string, Resource: string | string[]) => ({
  principalId: "key_1",
  policyDocument: { Version: "2012-10-17", Statement: [{ Action: "execute-api:Invoke", Effect, Resource }] },
  context: { account: "demo", uses: 3, admin: false },
});

/** An authorizer that lets `Bearer good` in. */
function authorizer({ authorizationToken, methodArn }: APIGatewayTokenAuthorizerEvent): unknown {
  if (authorizationToken === "Bearer good") return policy("Allow", methodArn);
  if (authorizationToken === "Bearer denied") return policy("Deny", "*");
  if (authorizationToken === "Bearer elsewhere")
    return policy("Allow", "arn:aws:execute-api:*:*:*/*/GET/other");
  if (authorizationToken.startsWith("Bearer only "))
    return policy("Allow", `arn:aws:execute-api:*/${authorizationToken.slice("Bearer only ".length)}`);
  if (authorizationToken === "Bearer odd") return { principalId: 1 };
  throw new Error(authorizationToken === "Bearer broken" ? "no table" : "Unauthorized");
}

/** A gateway in front of functions that `answer` plays; it notes the events they got. */
async function start(
  answer: (event: APIGatewayProxyEvent, name: string) => unknown = () => ({ statusCode: 204 }),
) {
  const events: { name: string; event: APIGatewayProxyEvent }[] = [];
  const gateway = await startGateway({
    api,
    port: 0,
    ownPages: { "/_local": { dynamodb: "http://127.0.0.1:2" } },
    async invoke(name, event) {
      if (name === "authorizer") return authorizer(event as APIGatewayTokenAuthorizerEvent);
      events.push({ name, event: event as APIGatewayProxyEvent });
      return answer(event as APIGatewayProxyEvent, name);
    },
  });
  onTestFinished(gateway.stop);
  const call = (path: string, init?: RequestInit) => fetch(`${gateway.url}${path}`, init);
  return { ...gateway, call, events };
}

/** Sends bytes as they are, which `fetch` would tidy, and gives the whole answer as text. */
function sendRaw(url: string, text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(Number(new URL(url).port), "127.0.0.1", () => socket.write(text));
    let answer = "";
    socket.on("data", (chunk) => {
      answer += chunk.toString();
    });
    socket.on("end", () => resolve(answer)).on("error", reject);
  });
}

// What the pieces log about the failures that are played here.
beforeAll(() => void vi.spyOn(log, "error").mockReturnValue());

describe("the event a function gets", () => {
  test("has the body byte for byte, in base64, since the API takes every media type as binary", async () => {
    const { call, events } = await start();
    const bytes = Uint8Array.from([0, 255, 195, 40, 34]);
    await call("/events", { method: "POST", headers: key, body: bytes });
    const { event, name } = events[0] ?? {};
    expect(name).toBe("events");
    expect(event?.isBase64Encoded).toBe(true);
    expect(Buffer.from(event?.body ?? "", "base64")).toEqual(Buffer.from(bytes));
  });

  test("has no body when there was none", async () => {
    const { call, events } = await start();
    await call("/health");
    expect(events[0]?.event).toMatchObject({
      body: null,
      isBase64Encoded: false,
      queryStringParameters: null,
    });
  });

  test("names the route, decodes path and query, and keeps repeated ones", async () => {
    const { call, events } = await start();
    await call("/webhooks/a%2Fb%20c?limit=5&limit=6&cursor=x%3D%3D", { headers: key });
    expect(events[0]?.event).toMatchObject({
      resource: "/webhooks/{hook_id}",
      path: "/webhooks/a%2Fb%20c",
      httpMethod: "GET",
      pathParameters: { hook_id: "a/b c" },
      queryStringParameters: { limit: "6", cursor: "x==" },
      multiValueQueryStringParameters: { limit: ["5", "6"], cursor: ["x=="] },
      stageVariables: null,
      requestContext: { requestId: expect.any(String), identity: { sourceIp: "127.0.0.1" } },
    });
  });

  test("carries who is calling, every value as text", async () => {
    const { call, events } = await start();
    await call("/webhooks", { headers: key });
    expect(events[0]?.event.requestContext.authorizer).toEqual({
      principalId: "key_1",
      account: "demo",
      uses: "3",
      admin: "false",
    });
  });

  test("prefers a literal path segment to a parameter", async () => {
    const { call, events } = await start();
    await call("/events/batch", { method: "POST", headers: key });
    expect(events[0]?.event.resource).toBe("/events/batch");
  });
});

describe("who is let in", () => {
  test.each([
    ["no key", {}, 401],
    ["an unknown key", { authorization: "Bearer bad" }, 401],
    ["a key whose policy denies", { authorization: "Bearer denied" }, 403],
    ["a key whose policy allows something else", { authorization: "Bearer elsewhere" }, 403],
    ["an authorizer that fails", { authorization: "Bearer broken" }, 500],
    ["an authorizer that answers nonsense", { authorization: "Bearer odd" }, 500],
  ])("%s: the function is not called, and the answer is a problem", async (_, headers, status) => {
    const { call, events } = await start();
    const response = await call("/webhooks", { headers });
    expect(response.status).toBe(status);
    expect(response.headers.get("content-type")).toBe("application/problem+json");
    expect(await response.json()).toMatchObject({ type: "about:blank", title: expect.any(String) });
    expect(events).toEqual([]);
  });

  test.each([
    ["GET/webhooks", 204],
    ["*/webhooks", 204],
    ["GET/web?ooks", 204],
    ["GET/*h*", 204],
    ["GET/webhooks*", 204],
    ["GET/*webhooks*?", 403],
    ["GET/webhook", 403],
    ["GET/webhooks?", 403],
    ["GET/w.*", 403],
    ["POST/*", 403],
  ])("a policy for %s: %i", async (pattern, status) => {
    const { call } = await start();
    expect((await call("/webhooks", { headers: { authorization: `Bearer only ${pattern}` } })).status).toBe(
      status,
    );
  });

  test("a path full of asterisks does not make everybody wait", async () => {
    const { call } = await start();
    const begunAt = performance.now();
    expect((await call(`/webhooks/${"*a".repeat(36)}`, { headers: key })).status).toBe(204);
    expect(performance.now() - begunAt).toBeLessThan(1_000);
  });

  test("lets anyone call an open route", async () => {
    const { call } = await start();
    expect((await call("/health")).status).toBe(204);
  });
});

describe("what a function answers", () => {
  test("arrives with status, headers and repeated headers", async () => {
    const { call } = await start(() => ({
      statusCode: 201,
      headers: { "x-one": "1", "content-type": "text/plain" },
      multiValueHeaders: { "set-cookie": ["a=1", "b=2"] },
      body: "made",
    }));
    const response = await call("/health");
    expect(response.status).toBe(201);
    expect(response.headers.get("content-type")).toBe("text/plain");
    expect(response.headers.get("x-one")).toBe("1");
    expect(response.headers.getSetCookie()).toEqual(["a=1", "b=2"]);
    expect(await response.text()).toBe("made");
  });

  test("is decoded when it is base64", async () => {
    const { call } = await start(() => ({ statusCode: 200, body: "AP8=", isBase64Encoded: true }));
    expect([...new Uint8Array(await (await call("/health")).arrayBuffer())]).toEqual([0, 255]);
  });

  test.each([
    ["throws", () => Promise.reject(new Error("secret detail"))],
    ["answers nothing", () => undefined],
    ["answers without a status", () => ({ body: "secret detail" })],
    ["answers a body that is no text", () => ({ statusCode: 200, body: { secret: "detail" } })],
    [
      "answers an impossible header",
      () => ({ statusCode: 200, headers: { "x-bad": "a\nb" }, body: "secret" }),
    ],
  ])("is a 502 without a detail when it %s", async (_, answer) => {
    const { call } = await start(answer);
    const response = await call("/health");
    expect(response.status).toBe(502);
    expect(await response.text()).not.toContain("secret");
  });
});

describe("requests that no function sees", () => {
  test.each([
    ["GET", "/nowhere", 404],
    ["PUT", "/webhooks", 404],
    ["GET", "/webhooks/", 404],
    ["GET", "/webhooks/%E0%A4%A", 400],
    ["GET", "/webhooks?cursor=%zz", 400],
  ])("%s %s is a %i problem", async (method, path, status) => {
    const { url, events } = await start();
    const answer = await sendRaw(
      url,
      `${method} ${path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer good\r\nConnection: close\r\n\r\n`,
    );
    expect(answer).toContain(`HTTP/1.1 ${status} `);
    expect(answer).toContain("application/problem+json");
    expect(events).toEqual([]);
  });

  test("are not those of 4 MiB, which fit into Lambda's 6 MiB in base64", async () => {
    const { call, events } = await start();
    const body = new Uint8Array(4 * MIB);
    expect((await call("/events", { method: "POST", headers: key, body })).status).toBe(204);
    expect(Buffer.from(events[0]?.event.body ?? "", "base64")).toHaveLength(4 * MIB);
  });

  test("a body of 5 MiB, which does not fit, is a 413 problem", async () => {
    const { call, events } = await start();
    const response = await call("/events", { method: "POST", headers: key, body: new Uint8Array(5 * MIB) });
    expect(response.status).toBe(413);
    expect(response.headers.get("content-type")).toBe("application/problem+json");
    expect(await response.json()).toMatchObject({ status: 413 });
    expect(events).toEqual([]);
  });

  test("a body that says it is larger than 10 MiB is refused before it is sent", async () => {
    const { url, events } = await start();
    const head = `POST /events HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer good\r\n`;
    expect(await sendRaw(url, `${head}Content-Length: ${LIMIT_BYTES + 1}\r\n\r\n`)).toContain(
      "HTTP/1.1 413 ",
    );
    expect(events).toEqual([]);
  });

  test("one that does not say its length is refused on the way, and its sender sees the answer", async () => {
    const { call } = await start();
    const chunk = new Uint8Array(MIB);
    let chunks = 0;
    const body = new ReadableStream({
      pull(controller) {
        chunks += 1;
        if (chunks > 12) controller.close();
        else controller.enqueue(chunk);
      },
    });
    const response = await call("/events", {
      method: "POST",
      headers: key,
      body,
      duplex: "half",
    } as RequestInit);
    expect(response.status).toBe(413);
    expect(await response.json()).toMatchObject({ status: 413 });
  });

  test("answers what is no HTTP with 400 and lives on", async () => {
    const { url, call } = await start();
    expect(await sendRaw(url, "nonsense\r\n\r\n")).toContain("400 Bad Request");
    expect((await call("/health")).status).toBe(204);
  });

  test("serves the local run's own page", async () => {
    const { call } = await start();
    expect(await (await call("/_local")).json()).toEqual({ dynamodb: "http://127.0.0.1:2" });
  });
});
