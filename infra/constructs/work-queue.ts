import { Duration, Names, RemovalPolicy, Validations } from "aws-cdk-lib";
import type { IRole } from "aws-cdk-lib/aws-iam";
import { EventSourceMapping, type EventSourceMappingOptions } from "aws-cdk-lib/aws-lambda";
import { Queue, QueueEncryption, type QueueProps } from "aws-cdk-lib/aws-sqs";
import { Construct } from "constructs";
import type { DataKey } from "./data-key.ts";
import type { ServiceFunction } from "./service-function.ts";

/** AWS asks for at least six times the function's timeout, so that a throttled batch is not seen twice. */
const VISIBILITY_PER_TIMEOUT = 6;
/** Our own failures only (a receiver's failure never returns a message): five tries, then people look. */
const MAX_RECEIVES = 5;
/** SQS's longest: two weeks to notice an alarm before anything is lost. */
const RETENTION = Duration.days(14);
/** SQS's longest: KMS is asked, and paid, once a day for each sender rather than every five minutes. */
const DATA_KEY_REUSE = Duration.hours(24);

/** What an event source mapping does in its function's name (Lambda's developer guide, "Using Lambda with Amazon SQS"). */
const CONSUME = [
  ...["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:ChangeMessageVisibility"],
  ...["sqs:GetQueueAttributes", "sqs:GetQueueUrl"],
];

export interface WorkQueueProps {
  /** Timeout of the function that will consume the queue. */
  readonly consumerTimeout: Duration;
  /** Keeps the queue, and what it holds, when the stack or a version of it goes. */
  readonly retain: boolean;
  /** SQS's own key unless given. */
  readonly dataKey: DataKey | undefined;
  /** Where messages go that could not be handled; a queue of its own unless given. */
  readonly deadLetters?: Queue;
}

/** A queue with its dead-letter queue, encrypted, over TLS only. */
export class WorkQueue extends Construct {
  readonly queue: Queue;
  readonly deadLetters: Queue;
  private readonly dataKey: DataKey | undefined;

  constructor(scope: Construct, id: string, props: WorkQueueProps) {
    super(scope, id);
    this.dataKey = props.dataKey;
    this.deadLetters = props.deadLetters ?? this.deadLetterQueue(props);
    this.queue = this.encryptedQueue("Queue", props, {
      visibilityTimeout: Duration.seconds(props.consumerTimeout.toSeconds() * VISIBILITY_PER_TIMEOUT),
      deadLetterQueue: { queue: this.deadLetters, maxReceiveCount: MAX_RECEIVES },
    });
  }

  /** Allows sending to the queue, and the use of its key. */
  grantSend(role: IRole) {
    this.queue.grant(role, "sqs:SendMessage");
    this.dataKey?.grantQueues(role);
  }

  /** Allows sending to the dead-letter queue what cannot be sent to the queue. */
  grantGiveUp(role: IRole) {
    this.deadLetters.grant(role, "sqs:SendMessage");
    this.dataKey?.grantQueues(role);
  }

  /** Feeds the version of `consumer` in service, in batches of which it may return single messages. */
  feed(
    consumer: ServiceFunction,
    options: Pick<EventSourceMappingOptions, "batchSize" | "maxBatchingWindow" | "maxConcurrency">,
  ) {
    this.queue.grant(consumer, ...CONSUME);
    this.dataKey?.grantQueues(consumer.executionRole);
    // In the place, and so with the id, where the function's own mapping was before it had an alias: an upgrade
    // aims it anew, and no message waits for a second one to be made.
    const mapping = new EventSourceMapping(
      consumer,
      `SqsEventSource:${Names.nodeUniqueId(this.queue.node)}`,
      {
        target: consumer.live,
        eventSourceArn: this.queue.queueArn,
        reportBatchItemFailures: true,
        ...options,
      },
    );
    Validations.of(mapping).acknowledge({
      id: "Serverless-LambdaEventSourceMappingDestination",
      reason: "SQS event sources take no destination: the queue's redrive policy is theirs",
    });
  }

  private deadLetterQueue(props: WorkQueueProps): Queue {
    const queue = this.encryptedQueue("DeadLetters", props, {});
    Validations.of(queue).acknowledge({
      id: "Serverless-SQSRedrivePolicy",
      reason: "It is itself the dead-letter queue: people empty it, and an alarm tells them to",
    });
    return queue;
  }

  private encryptedQueue(id: string, { retain, dataKey }: WorkQueueProps, props: QueueProps): Queue {
    const queue = new Queue(this, id, {
      ...(dataKey
        ? {
            encryption: QueueEncryption.KMS,
            encryptionMasterKey: dataKey.key,
            dataKeyReuse: DATA_KEY_REUSE,
          }
        : { encryption: QueueEncryption.SQS_MANAGED }),
      enforceSSL: true,
      retentionPeriod: RETENTION,
      removalPolicy: retain ? RemovalPolicy.RETAIN : RemovalPolicy.DESTROY,
      ...props,
    });
    dataKey?.comesBefore(queue);
    return queue;
  }
}
