import { flag, variables } from "../../shared/config.ts";

/** The settings that a person may set at deploy time or for a local run, with the functions' own rules. */
export const tunables = {
  RETRY_DELAYS_SECONDS: variables.RETRY_DELAYS_SECONDS(),
  SCHEDULE_FROM_SECONDS: variables.SCHEDULE_FROM_SECONDS(),
  DELIVERY_TTL_DAYS: variables.DELIVERY_TTL_DAYS(),
  /** Without a default: a deployed stage has another than a local run. */
  ALLOW_PRIVATE_ENDPOINTS: flag(),
  ACCOUNT_MAX_WEBHOOKS: variables.ACCOUNT_MAX_WEBHOOKS(),
  ACCOUNT_MAX_REQUESTS_PER_SECOND: variables.ACCOUNT_MAX_REQUESTS_PER_SECOND(),
  ACCOUNT_MAX_EVENTS_IN_FLIGHT: variables.ACCOUNT_MAX_EVENTS_IN_FLIGHT(),
  ENDPOINT_PORTS: variables.ENDPOINT_PORTS(),
};
