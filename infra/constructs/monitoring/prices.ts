/** When these were read. */
export const PRICES_AS_OF = "2026-11-23";

/**
 * AWS's list prices in us-east-1, in dollars, without free tier and without discounts for volume: for the dashboard's
 * estimate and for `npm run bench -- cost`. The bill is the bill. A gigabyte is 10^9 bytes here; where AWS means 2^30,
 * that is 7 % too dear.
 */
export const prices = {
  /** arm64. https://aws.amazon.com/lambda/pricing/ */
  lambdaGigabyteSecond: 0.0000133334,
  lambdaRequest: 0.2 / 1e6,
  /** REST API. https://aws.amazon.com/api-gateway/pricing/ */
  apiRequest: 3.5 / 1e6,
  /** Standard queues. https://aws.amazon.com/sqs/pricing/ */
  sqsRequest: 0.4 / 1e6,
  /** More, for a request about messages that have a group (fair queues). */
  sqsGroupedRequest: 0.1 / 1e6,
  /** On demand. https://aws.amazon.com/dynamodb/pricing/on-demand/ */
  dynamoDbWriteUnit: 0.625 / 1e6,
  dynamoDbReadUnit: 0.125 / 1e6,
  dynamoDbByteMonth: 0.25 / 1e9,
  dynamoDbRecoverableByteMonth: 0.2 / 1e9,
  /** EventBridge Scheduler. https://aws.amazon.com/eventbridge/pricing/ */
  scheduleInvocation: 1 / 1e6,
  /** https://aws.amazon.com/cloudwatch/pricing/ */
  logByte: 0.5 / 1e9,
  logByteMonth: 0.03 / 1e9,
  /** https://aws.amazon.com/xray/pricing/ */
  trace: 5 / 1e6,
  /** To the internet. https://aws.amazon.com/ec2/pricing/on-demand/#Data_Transfer */
  byteOut: 0.09 / 1e9,
};
