import { Construct } from "constructs";
import type { StackSettings } from "../settings.ts";
import { ServiceFunction } from "./service-function.ts";
import type { Storage } from "./storage.ts";

export interface RegistrationsProps {
  readonly storage: Storage;
  readonly settings: StackSettings;
}

/** Who may call, and the webhooks they have registered. */
export class Registrations extends Construct {
  readonly authorizer: ServiceFunction;
  readonly webhooks: ServiceFunction;

  constructor(scope: Construct, id: string, { storage, settings }: RegistrationsProps) {
    super(scope, id);
    this.authorizer = new ServiceFunction(this, "Authorizer", {
      name: "authorizer",
      environment: { API_KEYS_TABLE: storage.apiKeys.tableName },
    });
    storage.apiKeys.grant(this.authorizer, "dynamodb:GetItem");

    this.webhooks = new ServiceFunction(this, "Webhooks", {
      name: "webhooks",
      environment: {
        WEBHOOKS_TABLE: storage.webhooks.tableName,
        ALLOW_PRIVATE_ENDPOINTS: String(settings.allowPrivateEndpoints),
      },
    });
    storage.webhooks.grant(
      this.webhooks,
      "dynamodb:GetItem",
      "dynamodb:Query",
      "dynamodb:PutItem",
      "dynamodb:UpdateItem",
      "dynamodb:DeleteItem",
    );
  }
}
