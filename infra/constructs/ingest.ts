import { Duration } from "aws-cdk-lib";
import { EventBus, Rule } from "aws-cdk-lib/aws-events";
import { SqsQueue } from "aws-cdk-lib/aws-events-targets";
import { Construct } from "constructs";
import type { StackSettings } from "../settings.ts";
import type { DataKey } from "./data-key.ts";
import type { Delivery } from "./delivery.ts";
import { ServiceFunction } from "./service-function.ts";
import type { Storage } from "./storage.ts";
import { WorkQueue } from "./work-queue.ts";

const FANOUT_TIMEOUT = Duration.seconds(60);
const FANOUT_BATCH_SIZE = 10;

export interface IngestProps {
  readonly storage: Storage;
  readonly delivery: Pick<Delivery, "deliveries" | "slowDeliveries">;
  readonly settings: StackSettings;
  readonly dataKey: DataKey | undefined;
}

/** Events come in, over REST or on the bus; both ways end in one queue, which `fanout` empties. */
export class Ingest extends Construct {
  readonly events: ServiceFunction;
  readonly fanout: ServiceFunction;
  readonly bus: EventBus;
  readonly busRule: Rule;
  /** Accepted events on their way to `fanout`. */
  readonly accepted: WorkQueue;

  constructor(scope: Construct, id: string, { storage, delivery, settings, dataKey }: IngestProps) {
    super(scope, id);
    const accepted = new WorkQueue(this, "Events", {
      consumerTimeout: FANOUT_TIMEOUT,
      retain: settings.production,
      dataKey,
    });
    this.accepted = accepted;

    this.events = new ServiceFunction(this, "Publish", {
      name: "events",
      settings,
      environment: {
        EVENTS_QUEUE_URL: accepted.queue.queueUrl,
        DELIVERIES_TABLE: storage.deliveries.tableName,
        ACCOUNT_MAX_EVENTS_IN_FLIGHT: String(settings.accountLimits.eventsInFlight),
      },
    });
    storage.grant(this.events, storage.deliveries, "UpdateItem", "BatchGetItem");
    accepted.grantSend(this.events.executionRole);

    this.bus = new EventBus(this, "Bus");
    this.busRule = new Rule(this, "BusToQueue", {
      eventBus: this.bus,
      description: "Everything on the bus is an event to deliver",
      // Matches every event: one that is not understood ends in the dead-letter queue, where people see
      // it, and not in silence.
      eventPattern: { version: ["0"] },
      targets: [new SqsQueue(accepted.queue, { deadLetterQueue: accepted.deadLetters })],
    });

    const fanout = new ServiceFunction(this, "Fanout", {
      name: "fanout",
      isFedByQueue: true,
      settings,
      timeout: FANOUT_TIMEOUT,
      // By the parts of a wide publication, each further on than the one before.
      feedsItself: true,
      // Ten publications at the same time, each with a megabyte of bodies under way in several copies.
      memoryMiB: 512,
      environment: {
        WEBHOOKS_TABLE: storage.webhooks.tableName,
        DELIVERIES_TABLE: storage.deliveries.tableName,
        EVENTS_QUEUE_URL: accepted.queue.queueUrl,
        DELIVERIES_QUEUE_URL: delivery.deliveries.queue.queueUrl,
        SLOW_DELIVERIES_QUEUE_URL: delivery.slowDeliveries.queue.queueUrl,
        DELIVERY_TTL_DAYS: String(settings.deliveryTtlDays),
      },
    });
    this.fanout = fanout;
    storage.grant(fanout, storage.webhooks, "Query");
    storage.grant(fanout, storage.deliveries, "BatchGetItem", "BatchWriteItem", "UpdateItem");
    for (const queue of [accepted, delivery.deliveries, delivery.slowDeliveries])
      queue.grantSend(fanout.executionRole);
    accepted.feed(fanout, { batchSize: FANOUT_BATCH_SIZE });
  }
}
