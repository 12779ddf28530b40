import { Duration } from "aws-cdk-lib";
import { Construct } from "constructs";
import type { StackSettings } from "../settings.ts";
import type { Delivery } from "./delivery.ts";
import { ServiceFunction } from "./service-function.ts";
import type { Storage } from "./storage.ts";
import { WorkQueue } from "./work-queue.ts";

const REDELIVER_TIMEOUT = Duration.seconds(60);

/** Counting a large range takes its time; API Gateway waits for 29 s. */
const API_TIMEOUT = Duration.seconds(25);

export interface RedeliveryProps {
  readonly storage: Storage;
  readonly delivery: Pick<Delivery, "deliveries" | "slowDeliveries">;
  readonly settings: StackSettings;
}

/** What was never delivered: the API that shows it, and the worker that takes it up again. */
export class Redelivery extends Construct {
  readonly undelivered: ServiceFunction;
  readonly redeliver: ServiceFunction;
  /** What was asked to be redelivered. */
  readonly work: WorkQueue;

  constructor(scope: Construct, id: string, { storage, delivery, settings }: RedeliveryProps) {
    super(scope, id);
    const work = new WorkQueue(this, "Redeliveries", {
      consumerTimeout: REDELIVER_TIMEOUT,
      retain: settings.production,
    });
    this.work = work;
    const environment = {
      WEBHOOKS_TABLE: storage.webhooks.tableName,
      DELIVERIES_TABLE: storage.deliveries.tableName,
      UNDELIVERED_TABLE: storage.undelivered.tableName,
      REDELIVERIES_QUEUE_URL: work.queue.queueUrl,
      DELIVERY_TTL_DAYS: String(settings.deliveryTtlDays),
    };

    this.undelivered = new ServiceFunction(this, "Undelivered", {
      name: "undelivered",
      timeout: API_TIMEOUT,
      environment,
    });
    storage.webhooks.grant(this.undelivered, "dynamodb:Query", "dynamodb:GetItem");
    storage.deliveries.grant(this.undelivered, "dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem");
    storage.undelivered.grant(this.undelivered, "dynamodb:GetItem", "dynamodb:Query", "dynamodb:DeleteItem");
    work.queue.grant(this.undelivered, "sqs:SendMessage");

    const redeliver = new ServiceFunction(this, "Redeliver", {
      name: "redeliver",
      timeout: REDELIVER_TIMEOUT,
      // A slice of 500 rows with bodies of up to 256 KiB.
      memoryMiB: 1024,
      environment: {
        ...environment,
        DELIVERIES_QUEUE_URL: delivery.deliveries.queue.queueUrl,
        SLOW_DELIVERIES_QUEUE_URL: delivery.slowDeliveries.queue.queueUrl,
      },
    });
    this.redeliver = redeliver;
    storage.webhooks.grant(redeliver, "dynamodb:GetItem");
    storage.deliveries.grant(redeliver, "dynamodb:GetItem", "dynamodb:PutItem");
    storage.undelivered.grant(redeliver, "dynamodb:GetItem", "dynamodb:Query", "dynamodb:DeleteItem");
    delivery.deliveries.queue.grant(redeliver, "sqs:SendMessage");
    delivery.slowDeliveries.queue.grant(redeliver, "sqs:SendMessage");
    work.queue.grant(redeliver, "sqs:SendMessage");
    // One slice of one job at a time, so that a large job holds up no other's.
    work.feed(redeliver, { batchSize: 1 });
  }
}
