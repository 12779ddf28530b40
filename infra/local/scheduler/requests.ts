import * as z from "zod";

/** The one target that is emulated: EventBridge Scheduler calling SQS's SendMessage. */
const SEND_MESSAGE = "arn:aws:scheduler:::aws-sdk:sqs:sendMessage";
export const DEFAULT_GROUP = "default";

/** An error in the shape the SDK's SchedulerClient understands. */
export class SchedulerError extends Error {
  override readonly name: "ConflictException" | "ResourceNotFoundException" | "ValidationException";
  readonly status: number;

  constructor(name: SchedulerError["name"], message: string) {
    super(message);
    this.name = name;
    this.status = { ConflictException: 409, ResourceNotFoundException: 404, ValidationException: 400 }[name];
  }
}

const name = z.string().regex(/^[0-9a-zA-Z-_.]{1,64}$/);

/** What a target hands to SQS. */
export const sendMessageInput = z.object({
  QueueUrl: z.string(),
  MessageBody: z.string(),
  MessageGroupId: z.string().exactOptional(),
  DelaySeconds: z.int().min(0).max(900).exactOptional(),
});
export type SendMessageInput = z.infer<typeof sendMessageInput>;

const target = z.object({
  Arn: z.literal(SEND_MESSAGE, `the local scheduler knows the target ${SEND_MESSAGE} only`),
  RoleArn: z.string(),
  Input: z.string().refine(isSendMessageInput, "must be the JSON of an SQS SendMessage request"),
  DeadLetterConfig: z.object({ Arn: z.string() }).optional(),
  RetryPolicy: z.object({ MaximumRetryAttempts: z.int().min(0).max(185).default(185) }).prefault({}),
});

/** A schedule as it was asked for: what GetSchedule gives back. */
export const scheduleDefinition = z.object({
  Name: name,
  GroupName: name.default(DEFAULT_GROUP),
  ScheduleExpression: z
    .string()
    .refine(
      (text) => Number.isFinite(instantOf(text)),
      "must be at(yyyy-mm-ddThh:mm:ss): the local scheduler knows one-shot schedules only",
    ),
  ScheduleExpressionTimezone: z.literal("UTC", "the local scheduler knows UTC only").default("UTC"),
  FlexibleTimeWindow: z.object({ Mode: z.literal("OFF", "the local scheduler knows no flexible windows") }),
  State: z.literal("ENABLED", "the local scheduler knows no disabled schedules").default("ENABLED"),
  ActionAfterCompletion: z.enum(["NONE", "DELETE"]).default("NONE"),
  Target: target,
});
export type ScheduleDefinition = z.infer<typeof scheduleDefinition>;

export const createScheduleRequest = scheduleDefinition.extend({ ClientToken: z.string().optional() });

/** `at(2026-11-23T15:30:00)`, in UTC → epoch milliseconds; NaN for anything else. */
export function instantOf(expression: string): number {
  const [, text] = /^at\((\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2})\)$/.exec(expression) ?? [];
  return Date.parse(`${text}Z`);
}

function isSendMessageInput(text: string): boolean {
  try {
    return sendMessageInput.safeParse(JSON.parse(text)).success;
  } catch {
    return false;
  }
}
