import { type LedgerBalance, whereabouts } from "../../../shared/domain/ledger.ts";
import { aligned } from "../aligned.ts";
import type { QueueDepth } from "./queue-depths.ts";
import type { Reckoning } from "./reckon.ts";

export interface LedgerFindings {
  readonly stage: string;
  readonly since: string;
  readonly until: string;
  readonly accounts: readonly (Reckoning & { readonly account: string })[];
  readonly queues: readonly QueueDepth[];
}
export interface LedgerReport extends LedgerFindings {
  /** A sentence for each thing that is not as it should be. */
  readonly problems: readonly string[];
}

/** What keeps the account from being whole; nothing if it is. */
export const problemsOf = ({ accounts, queues }: LedgerFindings): string[] => [
  ...queues.flatMap(deadLetters),
  ...accounts.flatMap(missing),
];

const columns = ["events", "deliveries", ...whereabouts] as const satisfies readonly (keyof LedgerBalance)[];
const number = (value: number) => value.toLocaleString("en");

/** The ledger as people read it. */
export function report({ stage, since, until, accounts, queues, problems }: LedgerReport): string {
  const total = (column: (typeof columns)[number]) =>
    accounts.reduce((sum, balance) => sum + balance[column], 0);
  const rows = [
    ["account", ...columns],
    ...accounts.map((balance) => [balance.account, ...columns.map((column) => number(balance[column]))]),
    ...(accounts.length > 1 ? [["total", ...columns.map((column) => number(total(column)))]] : []),
  ];
  const parts = whereabouts.map((place) => `${number(total(place))} ${place}`);
  return [
    `Stage ${stage}, fanned out from ${since} to ${until}`,
    "",
    ...aligned(rows),
    "",
    `accepted × endpoints = ${number(total("deliveries"))} = ${parts.join(" + ")}`,
    ...queues.map(queueLine),
    ...problems,
  ].join("\n");
}

const queueLine = ({ queue, ready, inFlight, delayed }: QueueDepth) =>
  `queue ${queue}: ${number(ready)} ready, ${number(inFlight)} in flight, ${number(delayed)} delayed`;

/** What nothing of ours takes up again: whichever account it is of, somebody is not getting it. */
function deadLetters({ queue, ready, inFlight, delayed }: QueueDepth): string[] {
  const held = ready + inFlight + delayed;
  if (!queue.endsWith("DeadLetters") || held === 0) return [];
  return [`queue ${queue} holds ${number(held)} that could not be handled: find out why, then redrive it`];
}

function missing({
  account,
  overdue,
  overdueIds,
  notFannedOut,
}: LedgerFindings["accounts"][number]): string[] {
  const some = (ids: readonly string[]) => ids.slice(0, 5).join(", ") + (ids.length > 5 ? " …" : "");
  return [
    ...(overdue > 0
      ? [`${account}: ${number(overdue)} overdue, later than any retry explains: ${some(overdueIds)}`]
      : []),
    ...(notFannedOut.length > 0
      ? [`${account}: ${number(notFannedOut.length)} accepted but not fanned out: ${some(notFannedOut)}`]
      : []),
  ];
}
