import { RemovalPolicy } from "aws-cdk-lib";
import { AttributeType, Billing, type TablePropsV2, TableV2 } from "aws-cdk-lib/aws-dynamodb";
import { Construct } from "constructs";
import { apiKeysTableName, type StackSettings } from "../settings.ts";

const text = (name: string) => ({ name, type: AttributeType.STRING });

/** The four tables. Their keys are explained where they are written: `shared/aws/*-table.ts`. */
export class Storage extends Construct {
  readonly apiKeys: TableV2;
  readonly webhooks: TableV2;
  readonly deliveries: TableV2;
  readonly undelivered: TableV2;

  constructor(scope: Construct, id: string, settings: StackSettings) {
    super(scope, id);
    const table = (name: string, props: TablePropsV2) =>
      new TableV2(this, name, {
        billing: Billing.onDemand(),
        removalPolicy: settings.production ? RemovalPolicy.RETAIN : RemovalPolicy.DESTROY,
        deletionProtection: settings.production,
        pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: settings.production },
        ...props,
      });

    this.apiKeys = table("ApiKeys", {
      // The one table a person addresses by name: `npm run keys` needs no look-up to find it.
      tableName: apiKeysTableName(settings.stage),
      partitionKey: text("key_hash"),
    });
    this.webhooks = table("Webhooks", { partitionKey: text("account"), sortKey: text("hook_id") });
    this.deliveries = table("Deliveries", {
      partitionKey: text("pk"),
      sortKey: text("sk"),
      timeToLiveAttribute: "expires_at",
    });
    this.undelivered = table("Undelivered", { partitionKey: text("pk"), sortKey: text("sk") });
  }
}
