import { Duration } from "aws-cdk-lib";
import type { IFunction } from "aws-cdk-lib/aws-lambda";
import { SqsEventSource } from "aws-cdk-lib/aws-lambda-event-sources";
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
  /** Where messages go that could not be handled; a queue of its own unless given. */
  readonly deadLetters?: Queue;
}

/** A queue with its dead-letter queue, encrypted, over TLS only. */
export class WorkQueue extends Construct {
  readonly queue: Queue;
  readonly deadLetters: Queue;

  constructor(scope: Construct, id: string, props: WorkQueueProps) {
    super(scope, id);
    this.deadLetters =
      props.deadLetters ??
      new Queue(this, "DeadLetters", {
        encryption: QueueEncryption.SQS_MANAGED,
        enforceSSL: true,
        retentionPeriod: RETENTION,
      });
    this.queue = new Queue(this, "Queue", {
      encryption: QueueEncryption.SQS_MANAGED,
      enforceSSL: true,
      retentionPeriod: RETENTION,
      visibilityTimeout: Duration.seconds(props.consumerTimeout.toSeconds() * VISIBILITY_PER_TIMEOUT),
      deadLetterQueue: { queue: this.deadLetters, maxReceiveCount: MAX_RECEIVES },
    });
  }

  /**
   * Feeds `consumer` in batches, of which it may return single messages.
   * @param maxConcurrency batches at a time; as many as Lambda allows unless told
   */
  feed(consumer: IFunction, batchSize: number, maxConcurrency?: number) {
    const limit = maxConcurrency === undefined ? {} : { maxConcurrency };
    consumer.addEventSource(
      new SqsEventSource(this.queue, { batchSize, reportBatchItemFailures: true, ...limit }),
    );
  }
}
