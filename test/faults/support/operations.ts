import * as z from "zod";

/** One try of one SDK call, as it stands on the wire. */
export interface Call {
  /** Which copy of the stack, which function of it, and which invocation of that made the call. */
  readonly world: string;
  readonly fn: string;
  readonly invocation: string;
  /** `PutItem`, `SendMessageBatch`, `CreateSchedule` … */
  readonly operation: string;
  /** The same for all tries that the SDK makes of one call. */
  readonly id: string;
  readonly body: string;
}

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** What an operation answers when AWS throttles it or breaks down, in the words that its SDK client knows. */
export function errorAnswer(operation: string, kind: "throttled" | "failed"): Answer {
  const isQueue = operation.startsWith("SendMessage");
  const isSchedule = operation === "CreateSchedule";
  const throttled = isQueue
    ? "RequestThrottled"
    : isSchedule
      ? "ThrottlingException"
      : "ProvisionedThroughputExceededException";
  const failed = isSchedule ? "InternalServerException" : isQueue ? "InternalFailure" : "InternalServerError";
  const type = kind === "throttled" ? throttled : failed;
  const status = kind === "failed" ? 500 : isSchedule ? 429 : 400;
  return {
    status,
    headers: { "content-type": "application/x-amz-json-1.0", "x-amzn-errortype": type },
    body: JSON.stringify({ __type: type, message: `injected: ${type}` }),
  };
}

const requests = z.record(z.string(), z.array(z.unknown()).min(1));
const writes = z.object({ RequestItems: requests });
const reads = z.looseObject({
  RequestItems: z.record(z.string(), z.looseObject({ Keys: z.array(z.unknown()).min(1) })),
});
const sends = z.looseObject({ Entries: z.array(z.looseObject({ Id: z.string() })).min(1) });

/** Operations that may do a part of what they were asked, and say which part they did not. */
export const isPartial = (operation: string): boolean =>
  ["BatchWriteItem", "BatchGetItem", "SendMessageBatch"].includes(operation);

/**
 * A request split into what is done of it and what its answer names as left undone: the last entry.
 * @param done undefined when nothing remains to be done
 */
export function leaveOutLast(call: Call): { done: string | undefined; amend: (answer: string) => string } {
  const given: unknown = JSON.parse(call.body);
  const amending = (fields: object) => (answer: string) =>
    JSON.stringify({ ...JSON.parse(answer), ...fields });
  if (call.operation === "SendMessageBatch") {
    const { Entries, ...rest } = sends.parse(given);
    const done = Entries.slice(0, -1);
    const Failed = Entries.slice(-1).map(({ Id }) => ({ Id, Code: "InternalError", SenderFault: false }));
    return {
      done: done.length > 0 ? JSON.stringify({ ...rest, Entries: done }) : undefined,
      amend: amending({ Failed }),
    };
  }
  if (call.operation === "BatchWriteItem") {
    const { done, left } = splitTables(writes.parse(given).RequestItems);
    const amend = amending({ UnprocessedItems: left });
    return { done: done && JSON.stringify({ RequestItems: done }), amend };
  }
  const { RequestItems } = reads.parse(given);
  const keys = Object.fromEntries(Object.entries(RequestItems).map(([table, { Keys }]) => [table, Keys]));
  const { done, left } = splitTables(keys);
  const withKeys = (some: Readonly<Record<string, unknown[]>>) =>
    Object.fromEntries(
      Object.entries(some).map(([table, Keys]) => [table, { ...RequestItems[table], Keys }]),
    );
  return {
    done: done && JSON.stringify({ RequestItems: withKeys(done) }),
    amend: amending({ UnprocessedKeys: withKeys(left) }),
  };
}

/** What an operation answers that did nothing of what it was asked, before its leftovers are named. */
export const nothingDone = (operation: string): string =>
  operation === "SendMessageBatch"
    ? JSON.stringify({ Successful: [] })
    : JSON.stringify(operation === "BatchGetItem" ? { Responses: {} } : {});

function splitTables(tables: Readonly<Record<string, unknown[]>>) {
  const [table = "", entries = []] = Object.entries(tables).at(-1) ?? [];
  const kept = { ...tables, [table]: entries.slice(0, -1) };
  const done = Object.fromEntries(Object.entries(kept).filter(([, some]) => some.length > 0));
  return { done: Object.keys(done).length > 0 ? done : undefined, left: { [table]: entries.slice(-1) } };
}

const text = z.object({ S: z.string() });
const deliveryItem = z.looseObject({
  pk: text,
  sk: z.object({ S: z.literal("delivery") }),
  attempts: z.object({ L: z.array(z.unknown()) }),
});
const put = z.object({ Item: deliveryItem });
const putRequest = z.object({ PutRequest: put });

/** The ids of the deliveries whose records a call writes. */
export function recordsIn({ operation, body }: Call): string[] {
  if (operation === "PutItem") {
    const parsed = put.safeParse(JSON.parse(body));
    return parsed.success ? [parsed.data.Item.pk.S] : [];
  }
  if (operation !== "BatchWriteItem") return [];
  return Object.values(writes.parse(JSON.parse(body)).RequestItems)
    .flat()
    .flatMap((request) => {
      const parsed = putRequest.safeParse(request);
      return parsed.success ? [parsed.data.PutRequest.Item.pk.S] : [];
    });
}
