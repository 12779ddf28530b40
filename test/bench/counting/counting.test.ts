import { expect, test } from "vitest";
import { prices } from "../../../infra/constructs/monitoring/prices.ts";
import { localSettings } from "../../../infra/local/settings.ts";
import { synthesize } from "../../../infra/local/template/synthesize.ts";
import { billOf, totalOf } from "./bill.ts";
import { itemBytes } from "./item-bytes.ts";
import { readObserved } from "./platform-lines.ts";
import { askForCapacity, countDynamoDb, countSqs } from "./requests.ts";
import { noUsage } from "./usage.ts";

const KIB = 1024;

// Developer guide, "DynamoDB item sizes and formats".
test.each([
  ["text is as long as its UTF-8", { S: "äb" }, 3],
  ["a number takes a byte for two digits, and one more", { N: "12345" }, 4],
  ["zeros at its ends are no digits", { N: "1200" }, 2],
  ["nor is the point", { N: "0.05" }, 2],
  ["a negative one takes a byte more", { N: "-12" }, 3],
  ["bytes are what base64 stands for", { B: Buffer.alloc(10).toString("base64") }, 10],
  ["null and booleans are a byte", { L: [{ NULL: true }, { BOOL: false }] }, 3 + 2 * (1 + 1)],
  ["a map has 3 bytes, and for each member its name and 1 more", { M: { ab: { S: "c" } } }, 3 + 1 + 2 + 1],
  ["a set has nothing of its own", { SS: ["ab", "c"] }, 3],
])("%s", (_, value, bytes) => {
  expect(itemBytes({ name: value })).toBe("name".length + bytes);
});

test("an item of a byte over 1 KB is two write units, and a refused one is paid for like one that is written", () => {
  const usage = noUsage();
  const request = JSON.stringify({ TableName: "t", Item: { pk: { S: "x".repeat(KIB - 1) } } });
  const answer = JSON.stringify({ ConsumedCapacity: { CapacityUnits: 2 } });
  countDynamoDb({ operation: "PutItem", request, status: 200, answer }, usage);
  countDynamoDb({ operation: "PutItem", request, status: 400, answer: "{}" }, usage);
  expect(usage.writes).toEqual({
    PutItem: { calls: 1, units: 2 },
    "PutItem, refused": { calls: 1, units: 2 },
  });
});

test("a service that counts less than AWS would is no measure", () => {
  const request = JSON.stringify({ TableName: "t", Item: { pk: { S: "x".repeat(KIB) } } });
  const answer = JSON.stringify({ ConsumedCapacity: { CapacityUnits: 1 } });
  expect(() => countDynamoDb({ operation: "PutItem", request, status: 200, answer }, noUsage())).toThrow(
    "units",
  );
});

test("DynamoDB is asked for what a call consumes", () => {
  expect(JSON.parse(askForCapacity('{"TableName":"t"}'))).toEqual({
    ReturnConsumedCapacity: "TOTAL",
    TableName: "t",
  });
});

test("each 64 KB of a batch is a request to SQS, and a poll that finds nothing is no delivery's", () => {
  const usage = noUsage();
  const Entries = Array.from({ length: 2 }, () => ({ MessageBody: "x".repeat(40 * KIB) }));
  const call = { status: 200, request: JSON.stringify({ Entries }), answer: "{}" };
  countSqs({ ...call, operation: "SendMessageBatch" }, usage);
  countSqs({ ...call, operation: "DeleteMessageBatch" }, usage);
  countSqs({ ...call, operation: "ReceiveMessage" }, usage);
  expect(usage.sqs).toEqual({
    SendMessageBatch: { calls: 1, units: 2 },
    DeleteMessageBatch: { calls: 1, units: 1 },
  });
  expect(usage.emptyReceives).toBe(1);
});

test.each([
  ["deliver", false, 1],
  ["events", true, 0],
])("%s: its invocations are traced, and reported on, as the template has it: %s", (name, is, messages) => {
  const observed = readObserved(synthesize(localSettings({}).stack)).get(name);
  expect(observed).toEqual({ isTraced: is, isReported: is });
  const usage = noUsage();
  const counted = { invocations: 1, messages, billedMs: 0, cpuMs: 0, memoryMiB: 256 };
  const tracesOf = (isTraced: boolean) => {
    usage.functions[name] = { ...counted, isTraced };
    const bill = billOf({ deliveries: 1, usage, sent: { requests: 0, bytes: 0 }, accessLineBytes: 0 });
    return bill.find((item) => item.name === "traces")?.dollarsPerMillion ?? 0;
  };
  expect(tracesOf(false)).toBe(0);
  // What the API calls is in the trace of its request, which is counted by itself.
  expect(tracesOf(true) > 0).toBe(messages > 0);
});

test("a million deliveries cost what one costs, a million times", () => {
  const usage = noUsage();
  usage.schedules = 2;
  usage.writes.PutItem = { calls: 3, units: 6 };
  const bill = billOf({ deliveries: 2, usage, sent: { requests: 0, bytes: 0 }, accessLineBytes: 300 });
  expect(totalOf(bill)).toBeCloseTo(1e6 * (prices.scheduleInvocation + 3 * prices.dynamoDbWriteUnit));
});
