import { Duration } from "aws-cdk-lib";
import { Construct } from "constructs";
import type { StackSettings } from "../settings.ts";
import type { DataKey } from "./data-key.ts";
import { RetrySchedules } from "./retry-schedules.ts";
import { lookUpsSideBySide, ServiceFunction } from "./service-function.ts";
import type { StaticEgress } from "./static-egress.ts";
import type { Storage } from "./storage.ts";
import { WorkQueue } from "./work-queue.ts";

/** One exchange of 10 s, and room for what is read before it and recorded after it, at AWS's worst. */
const DELIVER_TIMEOUT = Duration.seconds(40);
/** The largest batch that SQS hands over without a waiting window, which every delivery would pay. */
const DELIVER_BATCH_SIZE = 10;
/**
 * Those who wait may wait together, ten times as many to an invocation. Batches above ten need a window, which a
 * slow endpoint may well pay.
 */
const SLOW_BATCH = { size: 100, window: Duration.seconds(1) };

export interface DeliveryProps {
  readonly storage: Storage;
  readonly settings: StackSettings;
  readonly dataKey: DataKey | undefined;
  readonly egress: StaticEgress | undefined;
}

/** The deliveries queue, the function that makes the attempts, and the timers of the next ones. */
export class Delivery extends Construct {
  readonly deliveries: WorkQueue;
  /** The lane of endpoints that have lately been slow to answer. */
  readonly slowDeliveries: WorkQueue;
  readonly schedules: RetrySchedules;
  readonly deliver: ServiceFunction;

  constructor(scope: Construct, id: string, { storage, settings, dataKey, egress }: DeliveryProps) {
    super(scope, id);
    this.deliveries = new WorkQueue(this, "Deliveries", {
      consumerTimeout: DELIVER_TIMEOUT,
      retain: settings.production,
      dataKey,
    });
    this.slowDeliveries = new WorkQueue(this, "SlowDeliveries", {
      consumerTimeout: DELIVER_TIMEOUT,
      retain: settings.production,
      dataKey,
      deadLetters: this.deliveries.deadLetters,
    });
    const lanes = [this.deliveries, this.slowDeliveries];
    const schedules = new RetrySchedules(this, "RetrySchedules", { targets: lanes });
    this.schedules = schedules;

    const deliver = new ServiceFunction(this, "Deliver", {
      name: "deliver",
      isFedByQueue: true,
      settings,
      egress,
      reservedConcurrency: settings.concurrency.deliverReserved,
      timeout: DELIVER_TIMEOUT,
      // By a retry's delay, which the policy bounds, and by holds, which the due time does.
      feedsItself: true,
      // Most of its time it waits for endpoints, which is paid by memory: twice as much would let a batch of ten go
      // some 30 ms sooner, for 2 % more of all that a delivery costs. It was seen to take up 175 MB.
      memoryMiB: 256,
      environment: {
        ...lookUpsSideBySide,
        WEBHOOKS_TABLE: storage.webhooks.tableName,
        DELIVERIES_TABLE: storage.deliveries.tableName,
        UNDELIVERED_TABLE: storage.undelivered.tableName,
        DELIVERIES_QUEUE_URL: this.deliveries.queue.queueUrl,
        SLOW_DELIVERIES_QUEUE_URL: this.slowDeliveries.queue.queueUrl,
        DELIVERIES_DLQ_ARN: this.deliveries.deadLetters.queueArn,
        SCHEDULE_GROUP: schedules.groupName,
        SCHEDULE_ROLE_ARN: schedules.roleArn,
        RETRY_DELAYS_SECONDS: settings.retryDelaysSeconds.join(","),
        SCHEDULE_FROM_SECONDS: String(settings.scheduleFromSeconds),
        DELIVERY_TTL_DAYS: String(settings.deliveryTtlDays),
        LEAN_ITEMS: String(settings.leanItems),
        ALLOW_PRIVATE_ENDPOINTS: String(settings.allowPrivateEndpoints),
        ENDPOINT_PORTS: settings.endpointPorts.join(","),
      },
    });
    this.deliver = deliver;
    storage.grant(deliver, storage.webhooks, "BatchGetItem", "UpdateItem");
    storage.grant(deliver, storage.deliveries, "BatchGetItem", "BatchWriteItem", "PutItem", "UpdateItem");
    storage.grant(deliver, storage.undelivered, "BatchWriteItem");
    for (const lane of lanes) lane.grantSend(deliver.executionRole);
    schedules.grantCreate(deliver.executionRole);
    this.deliveries.feed(deliver, {
      batchSize: DELIVER_BATCH_SIZE,
      ...(settings.concurrency.deliverMax && { maxConcurrency: settings.concurrency.deliverMax }),
    });
    this.slowDeliveries.feed(deliver, {
      batchSize: SLOW_BATCH.size,
      maxBatchingWindow: SLOW_BATCH.window,
      maxConcurrency: settings.concurrency.slowMax,
    });
  }
}
