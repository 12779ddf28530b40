import middy from "@middy/core";
import type { APIGatewayAuthorizerResult, APIGatewayTokenAuthorizerEvent } from "aws-lambda";
import { createApiKeyTable } from "../../shared/aws/api-key-table.ts";
import { dynamoDb } from "../../shared/aws/clients.ts";
import { createUsageTable } from "../../shared/aws/usage-table.ts";
import { readConfig } from "../../shared/config.ts";
import { createRequestLimit } from "../../shared/domain/account-limits.ts";
import { createAuthorize } from "./authorize.ts";

const config = readConfig("API_KEYS_TABLE", "DELIVERIES_TABLE", "ACCOUNT_MAX_REQUESTS_PER_SECOND");
const client = dynamoDb();

const authorize = createAuthorize({
  keys: createApiKeyTable(client, config.API_KEYS_TABLE),
  admit: createRequestLimit({
    perSecond: config.ACCOUNT_MAX_REQUESTS_PER_SECOND,
    now: Date.now,
    count: createUsageTable(client, config.DELIVERIES_TABLE, Date.now).countRequests,
  }),
});

/** Who is calling. What they may call is decided by the route table, in the function that answers. */
export const handler = middy<APIGatewayTokenAuthorizerEvent, APIGatewayAuthorizerResult>().handler(
  async function authorizeCall(event: APIGatewayTokenAuthorizerEvent): Promise<APIGatewayAuthorizerResult> {
    const caller = await authorize(event.authorizationToken);
    // API Gateway answers 401 to exactly this message, and 500 to any other.
    if (!caller) throw new Error("Unauthorized");
    return {
      principalId: caller.keyId,
      policyDocument: {
        Version: "2012-10-17",
        Statement: [{ Action: "execute-api:Invoke", Effect: "Allow", Resource: event.methodArn }],
      },
      // The context carries strings, numbers and booleans only.
      context: {
        account: caller.account,
        roles: caller.roles.join(","),
        // It cannot answer 429 itself: the function behind it does.
        ...(caller.retryAfterSeconds !== undefined && { retry_after: caller.retryAfterSeconds }),
      },
    };
  },
);
