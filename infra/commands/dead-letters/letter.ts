import type { Message, MessageAttributeValue } from "@aws-sdk/client-sqs";
import * as z from "zod";
import { endpointGroup, type Lane, lane } from "../../../shared/domain/delivery.ts";

/** A message of a dead-letter queue, as it was received. */
export interface Letter {
  readonly messageId: string;
  readonly receipt: string;
  readonly body: string;
  readonly attributes: Record<string, MessageAttributeValue>;
  /** Epoch milliseconds. SQS keeps the time a message was first sent when it moves it to a dead-letter queue. */
  readonly sentAt: number;
  readonly receiveCount: number;
  readonly groupId: string | undefined;
}

const system = z.object({
  SentTimestamp: z.coerce.number().default(0),
  ApproximateReceiveCount: z.coerce.number().default(0),
  MessageGroupId: z.string().optional(),
});
const received = z.object({ MessageId: z.string(), ReceiptHandle: z.string(), Body: z.string() });

export function toLetter(message: Message): Letter {
  const { MessageId, ReceiptHandle, Body } = received.parse(message);
  const known = system.parse(message.Attributes ?? {});
  return {
    ...{ messageId: MessageId, receipt: ReceiptHandle, body: Body },
    attributes: message.MessageAttributes ?? {},
    ...{ sentAt: known.SentTimestamp, receiveCount: known.ApproximateReceiveCount },
    groupId: known.MessageGroupId,
  };
}

const text = z.string().optional().catch(undefined);
/** SQS refuses a message with any other (API reference, SendMessage, MessageGroupId). */
const groupName = z
  .string()
  .regex(/^[\x21-\x7e]{1,128}$/)
  .optional()
  .catch(undefined);
const part = <Shape extends z.ZodRawShape>(shape: Shape) => z.object(shape).optional().catch(undefined);

/**
 * All that any message of ours may say about itself. Lenient where the functions are not: a message that none of
 * them understands is among the dead letters for that very reason.
 */
const content = z.object({
  ...{ account: text, hook_id: text, url: text, event_id: text, lane: z.optional(lane).catch(undefined) },
  // A publication, and the envelope of the bus.
  events: z
    .array(z.object({ id: text }))
    .optional()
    .catch(undefined),
  ...{ id: text, detail: part({ account: text, event: part({ id: text }) }) },
  // A redelivery.
  ...{ delivery_id: text, job_id: text, job: part({ account: text, hook_id: text }) },
});
/** EventBridge Scheduler leaves the input of the call that it could not make. */
const scheduled = z.object({ MessageBody: z.string(), MessageGroupId: groupName });

function parseJson(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}

export interface Content {
  readonly account: string | undefined;
  /** The ids of its events, or what else it is about. */
  readonly about: string | undefined;
  readonly hookId: string | undefined;
  /** Of the endpoint: a path or a query may carry an integrator's token. */
  readonly origin: string | undefined;
  readonly lane: Lane;
  /** Its tenant on a fair queue. */
  readonly groupId: string | undefined;
}

/** What a dead letter says about itself, as far as it can be read. Never a part of an event's body. */
export function contentOf({ body, groupId }: Letter): Content {
  const outer = parseJson(body);
  const wrapped = scheduled.safeParse(outer).data;
  const known = content.safeParse(wrapped ? parseJson(wrapped.MessageBody) : outer).data ?? {};
  const { account, hook_id, url, event_id, detail, job } = known;
  const ids = known.events?.flatMap(({ id }) => id ?? []) ?? [];
  const others = ids.length > 1 ? ` and ${ids.length - 1} more` : "";
  const owner = account ?? detail?.account ?? job?.account;
  const group =
    account !== undefined && hook_id !== undefined && url !== undefined
      ? endpointGroup({ account, hook_id, url })
      : owner;
  return {
    account: owner,
    about:
      event_id ??
      (ids[0] === undefined ? undefined : ids[0] + others) ??
      (detail && (detail.event?.id ?? known.id)) ??
      known.delivery_id ??
      known.job_id,
    hookId: hook_id ?? job?.hook_id,
    origin: url === undefined ? undefined : URL.parse(url)?.origin,
    lane: known.lane ?? "fast",
    groupId: groupId ?? wrapped?.MessageGroupId ?? groupName.parse(group),
  };
}
