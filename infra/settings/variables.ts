import * as z from "zod";
import { tunables } from "./tunables.ts";

const wholeNumber = (min: number, max: number) => z.coerce.number().int().min(min).max(max);
const flag = z.enum(["true", "false"]).transform((text) => text === "true");

/** What PutRetentionPolicy takes, "never" left out: logs name users. */
const RETENTION_DAYS = [
  ...[1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545],
  ...[731, 1096, 1827, 2192, 2557, 2922, 3288, 3653],
];
/** What an event source mapping takes (Lambda API, ScalingConfig). */
const eventSourceConcurrency = wholeNumber(2, 1_000);

/**
 * Settings of a deployed stage, beside the functions' own (`tunables`). One without a default differs between
 * production and other stages, or is off. docs/deploying.md says it at length.
 */
export const stageVariables = {
  /** How long every log group keeps its lines. */
  LOG_RETENTION_DAYS: z.coerce
    .number()
    .refine(
      (days) => RETENTION_DAYS.includes(days),
      `must be a number of days that CloudWatch Logs takes: ${RETENTION_DAYS.join(", ")}`,
    )
    .default(30),
  /**
   * Whether the stage has its alarms, at $4.50 a month. In production it does, and where ALARM_EMAIL is set;
   * elsewhere not.
   */
  ALARMS: flag.optional(),
  /** Who is written to when an alarm goes off. */
  ALARM_EMAIL: z.email("must be one e-mail address").optional(),
  /** Where the API answers, beside its own address. Needs CERTIFICATE_ARN. */
  DOMAIN_NAME: z
    .string()
    .regex(
      /^(?=.{4,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}$/,
      "must be a host name in lower case, like hooks.example.com",
    )
    .optional(),
  /** Of a certificate for DOMAIN_NAME in the stack's own region. */
  CERTIFICATE_ARN: z
    .string()
    .regex(
      /^arn:aws[a-z-]*:acm:[a-z0-9-]+:\d{12}:certificate\/[\w-]+$/,
      "must be the ARN of a certificate in AWS Certificate Manager, like arn:aws:acm:eu-west-1:111122223333:certificate/…",
    )
    .optional(),
  /** Of the Route 53 zone that gets the record of DOMAIN_NAME. */
  HOSTED_ZONE_ID: z
    .string()
    .regex(/^Z[A-Z0-9]{3,31}$/, "must be the id of a Route 53 hosted zone, like Z0123456789ABCDEFGHIJ")
    .optional(),
  /** In how many availability zones endpoints are called from fixed addresses; 0 calls from Lambda's own. */
  STATIC_EGRESS_ZONES: wholeNumber(0, 3).default(0),
  /** Invocations of `deliver` at the same time for the fast lane. In production 400, elsewhere no limit. */
  DELIVER_MAX_CONCURRENCY: eventSourceConcurrency.optional(),
  /**
   * The same for the lane of slow endpoints: waiting for them may take up a part of what Lambda gives an account
   * (1,000 at a time unless raised), and never all of it.
   */
  SLOW_MAX_CONCURRENCY: eventSourceConcurrency.default(100),
  /** Kept for `deliver`, and its limit. In production the sum of the two above, elsewhere none. */
  DELIVER_RESERVED_CONCURRENCY: z
    .union([z.literal("none"), wholeNumber(4, 100_000)], "must be a whole number from 4, or none")
    .optional(),
  /** Whether a new version takes over bit by bit, watched by an alarm. In production it does, elsewhere not. */
  GRADUAL_DEPLOYS: flag.optional(),
  /** Whether deliveries are stored in the short form, which versions before it cannot read. */
  LEAN_ITEMS: flag.default(true),
};

/** Every setting of a deployed stage, by the name that people write. */
export const deployVariables = {
  ...tunables,
  ALLOW_PRIVATE_ENDPOINTS: z._default(tunables.ALLOW_PRIVATE_ENDPOINTS, false),
  ...stageVariables,
};

export type Tunables = z.output<z.ZodObject<typeof tunables>>;
export type StageVariables = z.output<z.ZodObject<typeof stageVariables>>;
