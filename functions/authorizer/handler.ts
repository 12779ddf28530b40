import middy from "@middy/core";
import type { APIGatewayAuthorizerResult, APIGatewayTokenAuthorizerEvent } from "aws-lambda";
import { createApiKeyTable } from "../../shared/aws/api-key-table.ts";
import { dynamoDb } from "../../shared/aws/clients.ts";
import { readConfig } from "../../shared/config.ts";
import { createAuthorize } from "./authorize.ts";

const { API_KEYS_TABLE } = readConfig("API_KEYS_TABLE");
const authorize = createAuthorize({ keys: createApiKeyTable(dynamoDb(), API_KEYS_TABLE) });

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
      context: { account: caller.account, roles: caller.roles.join(",") },
    };
  },
);
