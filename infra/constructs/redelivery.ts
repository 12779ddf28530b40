import { Duration } from "aws-cdk-lib";
import { Construct } from "constructs";
import type { StackSettings } from "../settings.ts";
import type { DataKey } from "./data-key.ts";
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
  readonly dataKey: DataKey | undefined;
}

/** What was never delivered: the API that shows it, and the worker that takes it up again. */
export class Redelivery extends Construct {
  readonly undelivered: ServiceFunction;
  readonly redeliver: ServiceFunction;
  /** What was asked to be redelivered. */
  readonly work: WorkQueue;

  constructor(scope: Construct, id: string, { storage, delivery, settings, dataKey }: RedeliveryProps) {
    super(scope, id);
    const work = new WorkQueue(this, "Redeliveries", {
      consumerTimeout: REDELIVER_TIMEOUT,
      retain: settings.production,
      dataKey,
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
      settings,
      timeout: API_TIMEOUT,
      environment,
    });
    storage.grant(this.undelivered, storage.webhooks, "Query", "GetItem");
    storage.grant(this.undelivered, storage.deliveries, "GetItem", "PutItem", "UpdateItem");
    storage.grant(this.undelivered, storage.undelivered, "GetItem", "Query", "DeleteItem");
    work.grantSend(this.undelivered.executionRole);

    const redeliver = new ServiceFunction(this, "Redeliver", {
      name: "redeliver",
      isFedByQueue: true,
      settings,
      timeout: REDELIVER_TIMEOUT,
      // By the slices of a job, each further on than the one before.
      feedsItself: true,
      // A slice of 500 rows with bodies of up to 256 KiB.
      memoryMiB: 1024,
      environment: {
        ...environment,
        DELIVERIES_QUEUE_URL: delivery.deliveries.queue.queueUrl,
        SLOW_DELIVERIES_QUEUE_URL: delivery.slowDeliveries.queue.queueUrl,
        LEAN_ITEMS: String(settings.leanItems),
      },
    });
    this.redeliver = redeliver;
    storage.grant(redeliver, storage.webhooks, "GetItem");
    storage.grant(redeliver, storage.deliveries, "GetItem", "PutItem");
    storage.grant(redeliver, storage.undelivered, "GetItem", "Query", "DeleteItem");
    for (const queue of [work, delivery.deliveries, delivery.slowDeliveries])
      queue.grantSend(redeliver.executionRole);
    // One slice of one job at a time, so that a large job holds up no other's.
    work.feed(redeliver, { batchSize: 1 });
  }
}
