import { writeFile } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import * as z from "zod";
import { run } from "../support/local-run.ts";

const SETTLE_TIMEOUT_MS = 120_000;
const POLL_MS = 500;

const count = z.int().nonnegative();
const ledgerAnswer = z.object({
  accounts: z.tuple([
    z.object({
      ...{ events: count, deliveries: count },
      ...{ delivered: count, undelivered: count, cancelled: count, waiting: count, overdue: count },
      notFannedOut: z.array(z.string()),
    }),
  ]),
  queues: z.array(z.object({ queue: z.string(), ready: count, inFlight: count, delayed: count })),
});
export type Ledger = z.infer<typeof ledgerAnswer>;

/**
 * Asks `npm run ledger` until nothing waits any more.
 * @param file where to leave the accepted ids for it
 * @throws Error with the last ledger when that takes more than two minutes
 */
export async function untilSettled(given: {
  readonly url: string;
  readonly account: string;
  /** ISO time. */
  readonly since: string;
  readonly accepted: readonly string[];
  readonly file: string;
}): Promise<Ledger> {
  await writeFile(given.file, given.accepted.join("\n"));
  const deadline = Date.now() + SETTLE_TIMEOUT_MS;
  for (;;) {
    const ledger = await readLedger(given);
    if (isSettled(ledger)) return ledger;
    if (Date.now() > deadline)
      throw new Error(
        `Not settled within ${SETTLE_TIMEOUT_MS} ms; the last ledger: ${JSON.stringify(ledger)}`,
      );
    await sleep(POLL_MS);
  }
}

async function readLedger(of: {
  url: string;
  account: string;
  since: string;
  file: string;
}): Promise<Ledger> {
  const args = ["--json", "--account", of.account, "--since", of.since, "--accepted", of.file];
  const { stdout, stderr } = await run(["infra/commands/ledger/main.ts", ...args], {
    PORT: new URL(of.url).port,
  });
  if (stdout === "") throw new Error(`npm run ledger failed: ${stderr}`);
  return ledgerAnswer.parse(JSON.parse(stdout));
}

function isSettled({ accounts, queues }: Ledger): boolean {
  const [{ waiting, notFannedOut }] = accounts;
  const held = queues.some(({ ready, inFlight, delayed }) => ready + inFlight + delayed > 0);
  return waiting === 0 && notFannedOut.length === 0 && !held;
}
