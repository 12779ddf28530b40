import * as z from "zod";
import { itemBytes } from "./item-bytes.ts";
import { tally, type Usage } from "./usage.ts";

/** One call to a service, as it went over the wire. */
export interface Exchange {
  /** `PutItem`, `SendMessageBatch` … */
  readonly operation: string;
  readonly request: string;
  readonly status: number;
  readonly answer: string;
}

/** What SQS takes for one request (its price list). */
const SQS_REQUEST_BYTES = 64 * 1024;
const WRITE_UNIT_BYTES = 1024;
const READS = ["GetItem", "BatchGetItem", "Query", "Scan"];

const capacity = z.object({ CapacityUnits: z.number() });
const consumed = z.object({
  ConsumedCapacity: z.union([capacity.transform((one) => [one]), z.array(capacity)]),
});
const put = z.object({ TableName: z.string(), Item: z.record(z.string(), z.unknown()) });
const puts = z.object({
  RequestItems: z.record(
    z.string(),
    z.array(z.object({ PutRequest: z.object({ Item: z.record(z.string(), z.unknown()) }).optional() })),
  ),
});

/** Makes DynamoDB say what a call consumes. */
export const askForCapacity = (request: string): string =>
  request.replace(/^\{/, '{"ReturnConsumedCapacity":"TOTAL",');

export function countDynamoDb({ operation, request, status, answer }: Exchange, usage: Usage): void {
  if (READS.includes(operation)) {
    tally(usage.reads, operation, unitsIn(answer));
  } else if (status === 200) {
    const written = itemsIn(operation, request).map(({ table, item }) => ({
      table,
      item,
      bytes: itemBytes(item),
    }));
    const units = unitsIn(answer);
    // It may be more: what is overwritten counts too, if it was larger.
    const least = written.reduce((sum, { bytes }) => sum + Math.ceil(bytes / WRITE_UNIT_BYTES), 0);
    if (units < least) throw new Error(`${operation} says it consumed ${units} units for items of ${least}`);
    tally(usage.writes, operation, units);
    for (const { table, item, bytes } of written)
      usage.stored.set(JSON.stringify([table, item.pk, item.sk]), bytes);
  } else {
    // A write whose condition does not hold is paid for like one that is done.
    const [refused] = itemsIn(operation, request);
    const units = refused ? Math.ceil(itemBytes(refused.item) / WRITE_UNIT_BYTES) : 1;
    tally(usage.writes, `${operation}, refused`, units);
  }
}

const unitsIn = (answer: string): number =>
  consumed
    .parse(JSON.parse(answer))
    .ConsumedCapacity.reduce((total, { CapacityUnits }) => total + CapacityUnits, 0);

function itemsIn(operation: string, request: string) {
  if (operation === "PutItem") {
    const { TableName: table, Item: item } = put.parse(JSON.parse(request));
    return [{ table, item }];
  }
  if (operation !== "BatchWriteItem") return [];
  return Object.entries(puts.parse(JSON.parse(request)).RequestItems).flatMap(([table, entries]) =>
    entries.flatMap(({ PutRequest }) => (PutRequest ? [{ table, item: PutRequest.Item }] : [])),
  );
}

const text = z.string().default("");
const sent = z.object({ MessageBody: text, MessageAttributes: z.unknown().optional() });
const sends = z.object({ Entries: z.array(sent) });
const received = z.object({
  Messages: z.array(z.object({ Body: text, MessageAttributes: z.unknown().optional() })),
});

export function countSqs({ operation, request, answer }: Exchange, usage: Usage): void {
  if (operation === "ReceiveMessage" && !received.safeParse(JSON.parse(answer)).success) {
    usage.emptyReceives++;
    return;
  }
  tally(
    usage.sqs,
    operation,
    Math.max(1, Math.ceil(payloadBytes(operation, request, answer) / SQS_REQUEST_BYTES)),
  );
}

function payloadBytes(operation: string, request: string, answer: string): number {
  const bytesOf = (body: string, attributes: unknown) =>
    Buffer.byteLength(body) + Buffer.byteLength(JSON.stringify(attributes ?? ""));
  switch (operation) {
    case "SendMessage": {
      const one = sent.parse(JSON.parse(request));
      return bytesOf(one.MessageBody, one.MessageAttributes);
    }
    case "SendMessageBatch":
      return sends
        .parse(JSON.parse(request))
        .Entries.reduce((total, one) => total + bytesOf(one.MessageBody, one.MessageAttributes), 0);
    case "ReceiveMessage":
      return received
        .parse(JSON.parse(answer))
        .Messages.reduce((total, one) => total + bytesOf(one.Body, one.MessageAttributes), 0);
    default:
      return 0;
  }
}
