/**
 * Questions to the log lines, for whom it is not working: what there may be any number of is found here, and never
 * among the dimensions of a metric. Each element is a command of CloudWatch Logs Insights.
 */
export const failingEndpoints = [
  'filter message.event = "delivery.attempted" and message.decision != "delivered"',
  "stats count(*) as failed, latest(message.error) as error by message.account, message.endpoint",
  "sort failed desc",
  "limit 20",
];

export const undeliveredByAccount = [
  'filter message.decision = "undelivered"',
  "stats count(*) as undelivered, count_distinct(message.endpoint) as endpoints by message.account",
  "sort undelivered desc",
  "limit 20",
];

export const ourFailures = [
  'filter level = "ERROR"',
  "stats count(*) as times by message.event, message.error.message",
  "sort times desc",
  "limit 20",
];
