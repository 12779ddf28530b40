import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { DynamoDBClient, GetItemCommand } from "@aws-sdk/client-dynamodb";
import { expect, onTestFinished, test, vi } from "vitest";
import { createRequestHandler } from "../../shared/aws/request-handler.ts";

const command = new GetItemCommand({ TableName: "t", Key: { pk: { S: "1" } } });

/** The SDK's client on a server of its own, which answers the first call like this, then the next. */
async function clientOf(answers: readonly RequestListener[], timeoutMs = 5_000, maxAttempts = 3) {
  const calls = vi.fn<RequestListener>((request, response) => {
    const answer = answers[calls.mock.calls.length - 1] ?? found;
    request.resume().on("end", () => answer(request, response));
  });
  const server = createServer(calls).listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const client = new DynamoDBClient({
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    region: "us-east-1",
    credentials: { accessKeyId: "a", secretAccessKey: "b" },
    maxAttempts,
    requestHandler: createRequestHandler(timeoutMs),
  });
  onTestFinished(() => {
    client.destroy();
    server.closeAllConnections();
    server.close();
  });
  return { client, calls };
}

const found: RequestListener = (_, response) => response.end('{"Item":{"pk":{"S":"1"}}}');
const hang: RequestListener = () => undefined;
const hangUp: RequestListener = (request) => void request.socket.destroy();
const hangUpHalfWay =
  (headers: Record<string, string>): RequestListener =>
  (_, response) =>
    void response.writeHead(200, headers).write('{"Item"', () => response.destroy());

test("a call is answered", async () => {
  const { client, calls } = await clientOf([found]);
  expect((await client.send(command)).Item).toEqual({ pk: { S: "1" } });
  expect(calls).toHaveBeenCalledOnce();
  expect(calls.mock.calls[0]?.[0].headers).toMatchObject({
    "x-amz-target": "DynamoDB_20120810.GetItem",
    authorization: expect.stringContaining("Signature="),
  });
});

test.each([
  ["is not answered in time", hang],
  ["is cut off before an answer", hangUp],
  ["is cut off half-way through its answer", hangUpHalfWay({ "content-length": "100" })],
  ["is cut off half-way through chunks", hangUpHalfWay({ "transfer-encoding": "chunked" })],
  ["is cut off half-way, by who is closing", hangUpHalfWay({ "content-length": "100", connection: "close" })],
  ["is cut off in chunks, by who is closing", hangUpHalfWay({ connection: "close" })],
] as const)("a call that %s is repeated", async (_, fail) => {
  const { client, calls } = await clientOf([fail], 250);
  expect((await client.send(command)).Item).toEqual({ pk: { S: "1" } });
  expect(calls).toHaveBeenCalledTimes(2);
});

test("a call that is never answered fails in the end, and says why", async () => {
  const { client, calls } = await clientOf([hang, hang, hang], 100);
  await expect(client.send(command)).rejects.toMatchObject({
    name: "TimeoutError",
    message: "No answer in 100 ms",
    $metadata: { attempts: 3 },
  });
  expect(calls).toHaveBeenCalledTimes(3);
});

test("what the service refuses is an error of the SDK's, and is not repeated", async () => {
  const { client, calls } = await clientOf([
    (_, response) =>
      response
        .writeHead(400, { "content-type": "application/x-amz-json-1.0" })
        .end('{"__type":"com.amazonaws.dynamodb.v20120810#ResourceNotFoundException","message":"none"}'),
  ]);
  await expect(client.send(command)).rejects.toMatchObject({
    name: "ResourceNotFoundException",
    $metadata: { httpStatusCode: 400, attempts: 1 },
  });
  expect(calls).toHaveBeenCalledOnce();
});

test("a caller who has no more patience gets an AbortError, and the call is not repeated", async () => {
  const { client, calls } = await clientOf([hang]);
  const patience = new AbortController();
  const refused = expect(client.send(command, { abortSignal: patience.signal })).rejects;
  const failed = refused.toMatchObject({ name: "AbortError" });
  await expect.poll(() => calls.mock.calls.length).toBe(1);
  patience.abort();
  await failed;
  await expect(client.send(command, { abortSignal: AbortSignal.abort() })).rejects.toMatchObject({
    name: "AbortError",
  });
  expect(calls).toHaveBeenCalledOnce();
});

test("what cannot be sent is refused at once, and leaves nothing behind", async () => {
  const handler = createRequestHandler(50);
  const request = { protocol: "http:", hostname: "127.0.0.1", method: "GET", path: "/", headers: {} };
  expect(() => handler.handle({ ...request, query: { groupName: "g" } })).toThrow("has a query");
  // An unhandled rejection would fail the run.
  await new Promise((resolve) => setTimeout(resolve, 100));
});

test("calls beyond the connections wait, and one that is given up meanwhile is never made", async () => {
  const waiting: (() => void)[] = [];
  const hold: RequestListener = (request, response) => void waiting.push(() => found(request, response));
  const { client, calls } = await clientOf(Array.from({ length: 50 }, () => hold));
  const all = Array.from({ length: 50 }, () => client.send(command));
  await expect.poll(() => waiting.length).toBe(50);
  await expect(client.send(command, { abortSignal: AbortSignal.timeout(50) })).rejects.toMatchObject({
    name: "AbortError",
  });
  for (const answer of waiting) answer();
  await Promise.all(all);
  await client.send(command);
  expect(calls).toHaveBeenCalledTimes(51);
  expect(new Set(calls.mock.calls.map(([{ socket }]) => socket)).size).toBe(50);
});
