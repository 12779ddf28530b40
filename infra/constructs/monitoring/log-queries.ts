/**
 * Questions to the log lines, for whom it is not working: what there may be any number of is found here, and never
 * among the dimensions of a metric. Each element is a command of CloudWatch Logs Insights.
 */
export const failingEndpoints = [
  'filter event = "delivery.attempted" and decision != "delivered"',
  "stats count(*) as failed, latest(http_status) as last_status, latest(error) as last_error by account, endpoint",
  "sort failed desc",
  "limit 20",
];

export const undeliveredByAccount = [
  'filter decision = "undelivered"',
  "stats count(*) as undelivered, count_distinct(endpoint) as endpoints by account",
  "sort undelivered desc",
  "limit 20",
];

export const ourFailures = [
  'filter level = "ERROR"',
  "stats count(*) as times by event, error.message",
  "sort times desc",
  "limit 20",
];
