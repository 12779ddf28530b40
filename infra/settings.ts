import * as z from "zod";
import { ConfigError, type Environment, readEnvironment } from "../shared/config.ts";
import type { AccountLimits } from "../shared/domain/account-limits.ts";
import { committedSettings, committedStages } from "./settings/committed.ts";
import { deployVariables, type StageVariables, stageVariables, type Tunables } from "./settings/variables.ts";

/** What may differ between two deployments of the stack. Everything else is the same everywhere. */
export interface StackSettings {
  /** Names the stack, so that stages live side by side in one AWS account. */
  readonly stage: string;
  /** Keeps data when the stack goes, refuses table deletion, recovers to any second of 35 days, has its own key. */
  readonly production: boolean;
  readonly retryDelaysSeconds: readonly number[];
  readonly scheduleFromSeconds: number;
  readonly deliveryTtlDays: number;
  readonly allowPrivateEndpoints: boolean;
  readonly accountLimits: AccountLimits;
  readonly endpointPorts: readonly number[];
  readonly logRetentionDays: number;
  readonly alarms: boolean;
  readonly alarmEmail: string | undefined;
  readonly domain: DomainSettings | undefined;
  /** Availability zones that endpoints are called from with fixed addresses; 0 without. */
  readonly staticEgressZones: number;
  readonly concurrency: DeliverConcurrency;
  /** A new version of a function takes over bit by bit, and goes back when an alarm goes off. */
  readonly gradualDeploys: boolean;
  /** Deliveries are stored in the short form, which versions before it cannot read. */
  readonly leanItems: boolean;
}

export interface DomainSettings {
  readonly name: string;
  readonly certificateArn: string;
  readonly hostedZoneId: string | undefined;
}

/** Invocations of `deliver` at the same time. */
export interface DeliverConcurrency {
  readonly deliverMax: number | undefined;
  readonly slowMax: number;
  readonly deliverReserved: number | undefined;
}

export const stageName = z
  .string()
  .regex(/^[a-z][a-z0-9-]{0,19}$/, "must be 1 to 20 of a–z, 0–9 and -, a letter first");

/** The CloudFormation stack of a stage. */
export const stackName = (stage: string) => `claimr-webhooks-${stage}`;

/** Told by the stage alone, so that `npm run keys` needs no look-up to find the table, nor CDK. */
export const apiKeysTableName = (stage: string) => `claimr-webhooks-${stage}-api-keys`;

/** Stands for every stage that `cdk.json` knows: `npm run synth` checks them all. */
const ALL_STAGES = "all";

/** The stages that `-c stage=…` names: one, or with `all` those of `cdk.json`. @throws ConfigError */
export function namedStages(stage: unknown, committed: unknown): readonly unknown[] {
  return stage === ALL_STAGES ? Object.keys(committedStages(committed)) : [stage];
}

/**
 * Settings of a deployed stage: `-c stage=prod` names it, `cdk.json` holds what was decided for it, and the
 * environment comes before that.
 * @param committed `stages` of `cdk.json`
 * @throws ConfigError naming what is wrong, before anything is synthesized
 */
export function deployedSettings(
  stage: unknown,
  environment?: Environment,
  committed?: unknown,
): StackSettings {
  const { STAGE } = readEnvironment(
    { STAGE: stageName.default("dev") },
    { STAGE: stage === undefined ? "" : String(stage) },
  );
  const own = readEnvironment(asWritten, environment);
  const given = readEnvironment(deployVariables, { ...committedSettings(STAGE, committed), ...own });
  const production = STAGE === "prod";
  return { stage: STAGE, production, ...toStackSettings(given), ...toStageSettings(given, production) };
}

/** The settings that the environment has, before they are read. */
const asWritten = Object.fromEntries(
  Object.keys(deployVariables).map((name) => [name, z.string().exactOptional()]),
);

/** The tunables under the names the constructs use. */
export function toStackSettings(given: Tunables) {
  return {
    retryDelaysSeconds: given.RETRY_DELAYS_SECONDS,
    scheduleFromSeconds: given.SCHEDULE_FROM_SECONDS,
    deliveryTtlDays: given.DELIVERY_TTL_DAYS,
    allowPrivateEndpoints: given.ALLOW_PRIVATE_ENDPOINTS,
    accountLimits: {
      webhooks: given.ACCOUNT_MAX_WEBHOOKS,
      requestsPerSecond: given.ACCOUNT_MAX_REQUESTS_PER_SECOND,
      eventsInFlight: given.ACCOUNT_MAX_EVENTS_IN_FLIGHT,
    },
    endpointPorts: given.ENDPOINT_PORTS,
  };
}

/** What a stage has that sets none of its own variables, such as the local run. */
export const unsetStage = () => toStageSettings(readEnvironment(stageVariables, {}), false);

function toStageSettings(given: StageVariables, production: boolean) {
  return {
    logRetentionDays: given.LOG_RETENTION_DAYS,
    alarms: alarmsOf(given, production),
    alarmEmail: given.ALARM_EMAIL,
    domain: domainOf(given),
    staticEgressZones: given.STATIC_EGRESS_ZONES,
    concurrency: concurrencyOf(given, production),
    gradualDeploys: given.GRADUAL_DEPLOYS ?? production,
    leanItems: given.LEAN_ITEMS,
  };
}

function alarmsOf({ ALARMS: wanted, ALARM_EMAIL: email }: StageVariables, production: boolean): boolean {
  if (wanted === false && email !== undefined)
    throw new ConfigError("ALARMS: must not be false, as ALARM_EMAIL is set");
  return wanted ?? (production || email !== undefined);
}

function domainOf(given: StageVariables): DomainSettings | undefined {
  const { DOMAIN_NAME: name, CERTIFICATE_ARN: certificateArn, HOSTED_ZONE_ID: hostedZoneId } = given;
  if (name !== undefined && certificateArn !== undefined) return { name, certificateArn, hostedZoneId };
  if (name !== undefined) throw new ConfigError("CERTIFICATE_ARN: is missing, as DOMAIN_NAME is set");
  if (certificateArn !== undefined)
    throw new ConfigError("DOMAIN_NAME: is missing, as CERTIFICATE_ARN is set");
  if (hostedZoneId !== undefined) throw new ConfigError("DOMAIN_NAME: is missing, as HOSTED_ZONE_ID is set");
  return undefined;
}

/** A production stage may not grow into what the account's other functions need, nor be starved by them. */
const PRODUCTION_DELIVER_MAX = 400;

/** Lambda takes a maximum above what is reserved, and then throttles: messages come back minutes late. */
function concurrencyOf(given: StageVariables, production: boolean): DeliverConcurrency {
  const deliverMax = given.DELIVER_MAX_CONCURRENCY ?? (production ? PRODUCTION_DELIVER_MAX : undefined);
  const slowMax = given.SLOW_MAX_CONCURRENCY;
  const reserved = given.DELIVER_RESERVED_CONCURRENCY ?? (production ? undefined : "none");
  if (reserved === "none") return { deliverMax, slowMax, deliverReserved: undefined };
  if (deliverMax === undefined)
    throw new ConfigError("DELIVER_MAX_CONCURRENCY: is missing, as DELIVER_RESERVED_CONCURRENCY is set");
  const needed = deliverMax + slowMax;
  if (reserved !== undefined && reserved < needed)
    throw new ConfigError(
      `DELIVER_RESERVED_CONCURRENCY: must be at least ${needed}, which is DELIVER_MAX_CONCURRENCY (${deliverMax}) and SLOW_MAX_CONCURRENCY (${slowMax}) together`,
    );
  return { deliverMax, slowMax, deliverReserved: reserved ?? needed };
}
