import { RemovalPolicy, Stack } from "aws-cdk-lib";
import { Effect, type IRole, Policy, PolicyStatement } from "aws-cdk-lib/aws-iam";
import { Key } from "aws-cdk-lib/aws-kms";
import { Construct } from "constructs";
import { type StackSettings, stackName } from "../settings.ts";

/** What DynamoDB does with the key on behalf of whoever reads and writes a table (its developer guide, "KMS key policies"). */
const TABLE_ACTIONS = [
  "Decrypt",
  "DescribeKey",
  "Encrypt",
  "GenerateDataKey",
  "ReEncryptFrom",
  "ReEncryptTo",
];
/** What SQS does on behalf of whoever sends and receives (its developer guide, "Key management"). */
const QUEUE_ACTIONS = ["Decrypt", "GenerateDataKey"];

/**
 * The customer-managed key of a production stage. Who may read a table or a queue cannot make sense of it without
 * leave to use this key, and using it is on record in CloudTrail.
 */
export class DataKey extends Construct {
  readonly key: Key;
  private readonly ofTables: Policy;
  private readonly ofQueues: Policy;

  constructor(scope: Construct, id: string, { stage }: Pick<StackSettings, "stage">) {
    super(scope, id);
    this.key = new Key(this, "Key", {
      description: `Tables and queues of claimr webhooks, stage ${stage}`,
      alias: stackName(stage),
      enableKeyRotation: true,
      // Without the key, what it encrypted is lost: also the retained tables and their back-ups.
      removalPolicy: RemovalPolicy.RETAIN,
    });
    this.ofTables = this.policy("Tables", "dynamodb", TABLE_ACTIONS);
    this.ofQueues = this.policy("Queues", "sqs", QUEUE_ACTIONS);
  }

  /** For a role that reads or writes any of the tables. */
  grantTables(role: IRole) {
    this.ofTables.attachToRole(role);
  }

  /** For a role that sends to any of the queues or receives from them. */
  grantQueues(role: IRole) {
    this.ofQueues.attachToRole(role);
  }

  /**
   * Makes `table` or `queue` wait for the policies. When a stage without a key is upgraded, its functions may use
   * the key before anything is encrypted with it. The policies are apart from the roles' own for this alone: those
   * name the tables, so CloudFormation changes them after the tables.
   */
  comesBefore(tableOrQueue: Construct) {
    tableOrQueue.node.addDependency(this.ofTables, this.ofQueues);
  }

  private policy(id: string, service: string, actions: readonly string[]) {
    return new Policy(this, id, {
      statements: [
        new PolicyStatement({
          effect: Effect.ALLOW,
          actions: actions.map((action) => `kms:${action}`),
          resources: [this.key.keyArn],
          conditions: {
            StringEquals: { "kms:ViaService": `${service}.${Stack.of(this).region}.amazonaws.com` },
          },
        }),
      ],
    });
  }
}
