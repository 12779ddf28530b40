import { prices } from "../../../infra/constructs/monitoring/prices.ts";
import { type Usage, unitsOf } from "./usage.ts";

/** Of what a run used, for all its deliveries. */
export interface Counted {
  readonly deliveries: number;
  readonly usage: Usage;
  /** HTTP requests to endpoints, with what HTTP adds to the bodies. */
  readonly sent: { readonly requests: number; readonly bytes: number };
  /** Of a line of API Gateway's access log. */
  readonly accessLineBytes: number;
}

export interface Item {
  readonly name: string;
  readonly dollarsPerMillion: number;
}

const MILLION = 1_000_000;
/** Beside the first request of each second (X-Ray's default sampling rule). */
const SAMPLED_SHARE = 0.05;
const STORED_MONTHS = 1;
/** CloudWatch compresses what it keeps. AWS's own calculator reckons with this share (https://calculator.aws). */
const STORED_LOG_SHARE = 0.15;
/** DynamoDB's index keeps so much of each item stored (developer guide, "Storage"). */
const STORED_ITEM_BYTES = 100;
/** Of TCP, IP and TLS, for each packet of up to 1,448 bytes, and for the one that acknowledges an answer. */
const PACKET_BYTES = 1_448;
const PACKET_OVERHEAD_BYTES = 52;
const TLS_RECORD_BYTES = 22;

export const ITEMS = [
  ...["API Gateway", "Lambda requests", "Lambda time", "SQS"],
  ...["DynamoDB writes", "DynamoDB reads", "DynamoDB storage"],
  ...["EventBridge Scheduler", "logs", "traces", "data out"],
] as const;

/** Dollars for a million deliveries, by what AWS lists them under. */
export function billOf({ deliveries, usage, sent, accessLineBytes }: Counted): Item[] {
  const { api, functions, sqs, schedules, logs } = usage;
  const lambdas = Object.values(functions);
  const invocations = lambdas.reduce((sum, one) => sum + one.invocations, 0);
  // What the API calls is in the trace of its request.
  const tracedAlone = lambdas.filter(({ messages, isTraced }) => messages > 0 && isTraced);
  const traced = tracedAlone.reduce((sum, one) => sum + one.invocations, api.requests);
  const logBytes = unitsOf(logs) + api.requests * accessLineBytes;
  const dollars: Record<(typeof ITEMS)[number], number> = {
    "API Gateway": api.requests * prices.apiRequest,
    "Lambda requests": invocations * prices.lambdaRequest,
    "Lambda time": gigabyteSeconds(usage) * prices.lambdaGigabyteSecond,
    SQS: unitsOf(sqs) * (prices.sqsRequest + prices.sqsGroupedRequest),
    "DynamoDB writes": unitsOf(usage.writes) * prices.dynamoDbWriteUnit,
    "DynamoDB reads": unitsOf(usage.reads) * prices.dynamoDbReadUnit,
    "DynamoDB storage": storedBytes(usage) * prices.dynamoDbByteMonth * STORED_MONTHS,
    "EventBridge Scheduler": schedules * prices.scheduleInvocation,
    logs: logBytes * (prices.logByte + prices.logByteMonth * STORED_LOG_SHARE * STORED_MONTHS),
    traces: traced * SAMPLED_SHARE * prices.trace,
    "data out": (bytesOut(sent) + api.answerBytes) * prices.byteOut,
  };
  return ITEMS.map((name) => ({ name, dollarsPerMillion: (dollars[name] * MILLION) / deliveries }));
}

export const totalOf = (bill: readonly Item[]): number =>
  bill.reduce((sum, { dollarsPerMillion }) => sum + dollarsPerMillion, 0);

/** What production stages pay besides, to recover their tables to any second of the last 35 days. */
export const recoveryOf = ({ deliveries, usage }: Counted): number =>
  (storedBytes(usage) * prices.dynamoDbRecoverableByteMonth * STORED_MONTHS * MILLION) / deliveries;

/** So many invocations start their environment: those of a stage that is busy all day are fewer. */
const COLD_SHARE = 1 / 1_000;

/** What Lambda bills for starting environments. @param initMs of a function */
export const coldStartsOf = ({ deliveries, usage }: Counted, initMs: (name: string) => number): number =>
  (Object.entries(usage.functions).reduce(
    (sum, [name, { invocations, memoryMiB }]) =>
      sum + ((invocations * COLD_SHARE * initMs(name)) / 1000) * (memoryMiB / 1024),
    0,
  ) *
    prices.lambdaGigabyteSecond *
    MILLION) /
  deliveries;

const POLLERS = 5;
const LONGEST_POLL_SECONDS = 20;
const MONTH_SECONDS = 30 * 86_400;

/** Dollars a month for asking queues that have nothing: what Lambda does whether or not anything is delivered. */
export const idlePollingOf = (queues: number): number =>
  ((queues * POLLERS * MONTH_SECONDS) / LONGEST_POLL_SECONDS) * prices.sqsRequest;

const gigabyteSeconds = ({ functions }: Usage): number =>
  Object.values(functions).reduce(
    (sum, { billedMs, memoryMiB }) => sum + (billedMs / 1000) * (memoryMiB / 1024),
    0,
  );

const storedBytes = ({ stored }: Usage): number =>
  [...stored.values()].reduce((sum, bytes) => sum + bytes + STORED_ITEM_BYTES, 0);

function bytesOut({ requests, bytes }: Counted["sent"]): number {
  const packets = bytes / PACKET_BYTES + requests;
  return bytes + requests * TLS_RECORD_BYTES + packets * PACKET_OVERHEAD_BYTES;
}
