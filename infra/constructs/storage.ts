import { RemovalPolicy } from "aws-cdk-lib";
import {
  AttributeType,
  Billing,
  type CfnGlobalTable,
  type TablePropsV2,
  TableV2,
} from "aws-cdk-lib/aws-dynamodb";
import { Construct } from "constructs";
import { apiKeysTableName, type StackSettings } from "../settings.ts";
import type { DataKey } from "./data-key.ts";
import type { ServiceFunction } from "./service-function.ts";

const text = (name: string) => ({ name, type: AttributeType.STRING });

export interface StorageProps {
  readonly settings: StackSettings;
  /** DynamoDB's own key unless given. */
  readonly dataKey: DataKey | undefined;
}

/** What TableV2 does itself, but only for a stack whose region is known before it is deployed. */
function encrypt(table: TableV2, dataKey: DataKey) {
  const resource = table.node.defaultChild as CfnGlobalTable;
  resource.sseSpecification = { sseEnabled: true, sseType: "KMS" };
  resource.addPropertyOverride("Replicas.0.SSESpecification.KMSMasterKeyId", dataKey.key.keyArn);
  dataKey.comesBefore(table);
}

/** The four tables. Their keys are explained where they are written: `shared/aws/*-table.ts`. */
export class Storage extends Construct {
  readonly apiKeys: TableV2;
  readonly webhooks: TableV2;
  readonly deliveries: TableV2;
  readonly undelivered: TableV2;
  private readonly dataKey: DataKey | undefined;

  constructor(scope: Construct, id: string, { settings, dataKey }: StorageProps) {
    super(scope, id);
    this.dataKey = dataKey;
    const table = (name: string, props: TablePropsV2) => {
      const made = new TableV2(this, name, {
        billing: Billing.onDemand(),
        removalPolicy: settings.production ? RemovalPolicy.RETAIN : RemovalPolicy.DESTROY,
        deletionProtection: settings.production,
        pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: settings.production },
        ...props,
      });
      if (dataKey) encrypt(made, dataKey);
      return made;
    };

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

  /** Allows a function these DynamoDB actions, such as `GetItem`, on one of the tables, and the use of its key. */
  grant(grantee: ServiceFunction, table: TableV2, ...actions: string[]) {
    table.grant(grantee, ...actions.map((action) => `dynamodb:${action}`));
    this.dataKey?.grantTables(grantee.executionRole);
  }
}
