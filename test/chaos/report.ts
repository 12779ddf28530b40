import type { ChaosOutcome } from "./chaos.ts";

/** The outcome as people read it. */
export function report(outcome: ChaosOutcome): string {
  const { ledger, kills, killsAtStart, accepted, lost, duplicates, inFlightAtKills, problems, seconds } =
    outcome;
  const [balance] = ledger.accounts;
  return [
    "",
    `${kills} kills while it delivered, ${killsAtStart} more while it came up again; ${seconds} s`,
    `${accepted} events accepted; accepted × endpoints = ${balance.deliveries} = ${balance.delivered} delivered + ${balance.undelivered} undelivered + ${balance.cancelled} cancelled + ${balance.waiting} waiting`,
    `${lost.length} lost`,
    `${duplicates} came twice, of ${inFlightAtKills} that were between their POST and its record at a kill`,
    ...(problems.length > 0
      ? ["", ...problems.map((problem) => `FAILED: ${problem}`)]
      : ["All accounted for."]),
  ].join("\n");
}
