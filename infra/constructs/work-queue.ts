import { Duration, RemovalPolicy } from "aws-cdk-lib";
import type { IFunction } from "aws-cdk-lib/aws-lambda";
import { SqsEventSource, type SqsEventSourceProps } from "aws-cdk-lib/aws-lambda-event-sources";
import { Queue, QueueEncryption } from "aws-cdk-lib/aws-sqs";
import { Construct } from "constructs";

/** AWS asks for at least six times the function's timeout, so that a throttled batch is not seen twice. */
const VISIBILITY_PER_TIMEOUT = 6;
/** Our own failures only (a receiver's failure never returns a message): five tries, then people look. */
const MAX_RECEIVES = 5;
/** SQS's longest: two weeks to notice an alarm before anything is lost. */
const RETENTION = Duration.days(14);

export interface WorkQueueProps {
  /** Timeout of the function that will consume the queue. */
  readonly consumerTimeout: Duration;
  /** Keeps the queue, and what it holds, when the stack or a version of it goes. */
  readonly retain: boolean;
  /** Where messages go that could not be handled; a queue of its own unless given. */
  readonly deadLetters?: Queue;
}

/** A queue with its dead-letter queue, encrypted, over TLS only. */
export class WorkQueue extends Construct {
  readonly queue: Queue;
  readonly deadLetters: Queue;

  constructor(scope: Construct, id: string, props: WorkQueueProps) {
    super(scope, id);
    const removalPolicy = props.retain ? RemovalPolicy.RETAIN : RemovalPolicy.DESTROY;
    this.deadLetters =
      props.deadLetters ??
      new Queue(this, "DeadLetters", {
        encryption: QueueEncryption.SQS_MANAGED,
        enforceSSL: true,
        retentionPeriod: RETENTION,
        removalPolicy,
      });
    this.queue = new Queue(this, "Queue", {
      encryption: QueueEncryption.SQS_MANAGED,
      enforceSSL: true,
      retentionPeriod: RETENTION,
      removalPolicy,
      visibilityTimeout: Duration.seconds(props.consumerTimeout.toSeconds() * VISIBILITY_PER_TIMEOUT),
      deadLetterQueue: { queue: this.deadLetters, maxReceiveCount: MAX_RECEIVES },
    });
  }

  /** Feeds `consumer` in batches, of which it may return single messages. */
  feed(
    consumer: IFunction,
    options: Pick<SqsEventSourceProps, "batchSize" | "maxBatchingWindow" | "maxConcurrency">,
  ) {
    consumer.addEventSource(new SqsEventSource(this.queue, { ...options, reportBatchItemFailures: true }));
  }
}
