import { createServer } from "node:http";
import { BatchWriteItemCommand, DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { marshall } from "@aws-sdk/util-dynamodb";
import fc from "fast-check";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { closeServer, listen } from "../../infra/local/http-server.ts";
import { clientOptions } from "../../infra/local/settings.ts";
import { toAttributes } from "../../shared/aws/attributes.ts";
import { dynamoDb } from "../../shared/aws/clients.ts";

/** What DynamoDB was asked last. */
let asked: unknown;
const server = createServer((request, response) => {
  const chunks: Buffer[] = [];
  request.on("data", (chunk: Buffer) => chunks.push(chunk));
  request.on("end", () => {
    asked = JSON.parse(Buffer.concat(chunks).toString());
    response.end("{}");
  });
});
let ours: ReturnType<typeof dynamoDb>;
let plain: DynamoDBClient;
beforeAll(async () => {
  const options = clientOptions(await listen(server, 0));
  plain = new DynamoDBClient(options);
  vi.stubEnv("AWS_ENDPOINT_URL_DYNAMODB", options.endpoint);
  vi.stubEnv("AWS_REGION", options.region);
  vi.stubEnv("AWS_ACCESS_KEY_ID", options.credentials.accessKeyId);
  vi.stubEnv("AWS_SECRET_ACCESS_KEY", options.credentials.secretAccessKey);
  ours = dynamoDb();
});
afterAll(async () => {
  vi.unstubAllEnvs();
  plain.destroy();
  await closeServer(server);
});

const values = fc.letrec((tie) => ({
  value: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    fc.string({ unit: "binary" }),
    fc.maxSafeInteger(),
    fc.double({ noDefaultInfinity: true, noNaN: true, min: -1e15, max: 1e15 }),
    fc.boolean(),
    fc.constantFrom(null, undefined),
    fc.uint8Array(),
    fc.array(tie("value")),
    fc.dictionary(fc.string(), tie("value")),
  ),
}));
const items = fc.dictionary(fc.string(), values.value);

test("an item goes out as the SDK by itself would send it, bytes too", async () => {
  await fc.assert(
    fc.asyncProperty(items, async (item) => {
      const write = (Item: ReturnType<typeof toAttributes>) =>
        new BatchWriteItemCommand({ RequestItems: { table: [{ PutRequest: { Item } }] } });
      await ours.send(write(toAttributes(item)));
      const sent = asked;
      await plain.send(write(marshall(item, { removeUndefinedValues: true })));
      expect(sent).toEqual(asked);
    }),
  );
});

test.each([
  [Number.NaN],
  [Number.POSITIVE_INFINITY],
  [2 ** 53],
  [-(2 ** 53)],
  [1n],
  [new Date(0)],
  [new Map()],
  [new Set(["a"])],
  [Symbol("a")],
  [() => "a"],
])("%s is refused rather than stored as something else", (value) => {
  expect(() => toAttributes({ value })).toThrow(TypeError);
});
