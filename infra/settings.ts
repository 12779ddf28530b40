import * as z from "zod";
import { type Environment, readEnvironment, tunables } from "../shared/config.ts";
import type { AccountLimits } from "../shared/domain/account-limits.ts";

/** What may differ between two deployments of the stack. Everything else is the same everywhere. */
export interface StackSettings {
  /** Names the stack, so that stages live side by side in one AWS account. */
  readonly stage: string;
  /** Keeps data when the stack goes, refuses table deletion, recovers to any second of 35 days. */
  readonly production: boolean;
  readonly retryDelaysSeconds: readonly number[];
  readonly scheduleFromSeconds: number;
  readonly deliveryTtlDays: number;
  readonly allowPrivateEndpoints: boolean;
  readonly accountLimits: AccountLimits;
  readonly endpointPorts: readonly number[];
}

export const stageName = z
  .string()
  .regex(/^[a-z][a-z0-9-]{0,19}$/, "must be 1 to 20 of a–z, 0–9 and -, a letter first");

/** The CloudFormation stack of a stage. */
export const stackName = (stage: string) => `claimr-webhooks-${stage}`;

/** Told by the stage alone, so that `npm run keys` needs no look-up to find the table, nor CDK. */
export const apiKeysTableName = (stage: string) => `claimr-webhooks-${stage}-api-keys`;

/**
 * Settings of a deployed stage: `-c stage=prod` names it, the tunables come from the environment.
 * @throws ConfigError naming what is wrong, before anything is synthesized
 */
export function deployedSettings(stage: unknown, environment?: Environment): StackSettings {
  const { STAGE } = readEnvironment(
    { STAGE: stageName.default("dev") },
    { STAGE: stage === undefined ? "" : String(stage) },
  );
  const given = readEnvironment(
    { ...tunables, ALLOW_PRIVATE_ENDPOINTS: tunables.ALLOW_PRIVATE_ENDPOINTS.default(false) },
    environment,
  );
  return { stage: STAGE, production: STAGE === "prod", ...toStackSettings(given) };
}

/** The tunables under the names the constructs use. */
export function toStackSettings(given: {
  readonly RETRY_DELAYS_SECONDS: readonly number[];
  readonly SCHEDULE_FROM_SECONDS: number;
  readonly DELIVERY_TTL_DAYS: number;
  readonly ALLOW_PRIVATE_ENDPOINTS: boolean;
  readonly ACCOUNT_MAX_WEBHOOKS: number;
  readonly ACCOUNT_MAX_REQUESTS_PER_SECOND: number;
  readonly ACCOUNT_MAX_EVENTS_IN_FLIGHT: number;
  readonly ENDPOINT_PORTS: readonly number[];
}) {
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
