/**
 * What is stored of an account, table by table: for whoever has to find all of it, deleted webhooks' too. Most
 * keys of the deliveries table do not begin with the account, so that no busy account is one partition: a scan
 * with these filters is the only way.
 */
export interface AccountFilter {
  readonly FilterExpression: string;
  readonly ExpressionAttributeValues: Record<string, { S: string }>;
  /** The keys, and what else is of use. */
  readonly ProjectionExpression: string;
}

const byAccount = (account: string, ProjectionExpression: string): AccountFilter => ({
  FilterExpression: "account = :account",
  ExpressionAttributeValues: { ":account": { S: account } },
  ProjectionExpression,
});

export const accountFilters = {
  apiKeys: (account: string) => byAccount(account, "key_hash"),
  webhooks: (account: string) => byAccount(account, "account, hook_id"),
  /** `#` ends a name, and none holds it: `acme` is not `acme-2`. */
  undelivered: (account: string): AccountFilter => ({
    FilterExpression: "account = :account OR begins_with(pk, :owner)",
    ExpressionAttributeValues: { ":account": { S: account }, ":owner": { S: `${account}#` } },
    ProjectionExpression: "pk, sk",
  }),
  /** Counters name their account in the key alone. */
  deliveries: (account: string): AccountFilter => ({
    FilterExpression: "account = :account OR begins_with(pk, :usage)",
    ExpressionAttributeValues: {
      ":account": { S: account },
      ":usage": { S: `usage#${account}#` },
    },
    ProjectionExpression: "pk, sk, next_attempt_at",
  }),
};

/** What an item of the deliveries table is, by its key. */
export function deliveriesKind(pk: string): string {
  if (pk.startsWith("ledger#")) return "ledger entries";
  if (pk.startsWith("usage#")) return "usage counters";
  return pk.startsWith("job#") ? "redelivery jobs" : "deliveries";
}
