import type { ChaosOutcome } from "./chaos.ts";

/** The outcome as people read it. */
export function report(outcome: ChaosOutcome): string {
  const { ledger, kills, killsAtStart, killsWithBothLanes, accepted, seconds } = outcome;
  const { lost, duplicates, inFlightAtKills, problems } = outcome;
  const [balance] = ledger.accounts;
  return [
    "",
    `${kills} kills while it delivered, ${killsAtStart} more while it came up again or just after; ${seconds} s`,
    `${killsWithBothLanes} of the kills met messages on the fast lane and on the slow one`,
    `${accepted} events accepted; accepted × endpoints = ${balance.deliveries} = ${balance.delivered} delivered + ${balance.undelivered} undelivered + ${balance.cancelled} cancelled + ${balance.waiting} waiting`,
    `${lost.length} lost`,
    `${duplicates} came twice, of ${inFlightAtKills} that were between their POST and its record at a kill`,
    ...(problems.length > 0
      ? ["", ...problems.map((problem) => `FAILED: ${problem}`)]
      : ["All accounted for."]),
  ].join("\n");
}
