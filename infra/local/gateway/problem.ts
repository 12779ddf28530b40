import type { RestApi } from "../template/wiring-api.ts";

/** What API Gateway answers by itself, and the status it has unless the template says another. */
const defaultStatuses = {
  // Not one of API Gateway's types: a request target it could not read never reaches them.
  BAD_REQUEST: 400,
  UNAUTHORIZED: 401,
  ACCESS_DENIED: 403,
  // API Gateway's name for a path or method that does not exist.
  MISSING_AUTHENTICATION_TOKEN: 403,
  REQUEST_TOO_LARGE: 413,
  AUTHORIZER_FAILURE: 500,
  AUTHORIZER_CONFIGURATION_ERROR: 500,
  INTEGRATION_FAILURE: 502,
} as const;

type ProblemType = keyof typeof defaultStatuses;

/** A request that ends in the gateway. */
export class GatewayProblem extends Error {
  override readonly name = "GatewayProblem";
  readonly type: ProblemType;

  constructor(type: ProblemType, options?: ErrorOptions) {
    super(type, options);
    this.type = type;
  }
}

/** The template's answer to a problem, or its `DEFAULT_4XX` or `DEFAULT_5XX`, or API Gateway's own. */
export function toAnswer({ type }: GatewayProblem, responses: RestApi["responses"]) {
  const defaultStatus = defaultStatuses[type];
  const configured = responses[type] ?? responses[defaultStatus < 500 ? "DEFAULT_4XX" : "DEFAULT_5XX"];
  return {
    status: configured?.status ?? defaultStatus,
    headers: { "Content-Type": "application/json", ...configured?.headers },
    body: configured?.body ?? JSON.stringify({ message: type }),
  };
}
