/**
 * AWS's list prices in us-east-1, November 2026, in dollars, without free tier. For the dashboard's estimate: the bill
 * is the bill.
 */
export const prices = {
  lambdaGigabyteSecond: 0.0000133334,
  lambdaRequest: 0.2 / 1e6,
  apiRequest: 3.5 / 1e6,
  sqsRequest: 0.4 / 1e6,
  dynamoDbWriteUnit: 0.625 / 1e6,
  dynamoDbReadUnit: 0.125 / 1e6,
  scheduleInvocation: 1 / 1e6,
  logByte: 0.5 / 1e9,
};
