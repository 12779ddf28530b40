import * as z from "zod";
import { type Call, check, command, UsageError, unset } from "../command.ts";
import { openTarget, type Target } from "../target.ts";
import { listLetters } from "./list.ts";
import { countLetters, type DeadLetterQueue, findQueues, queueNames } from "./queues.ts";
import { redrive } from "./redrive.ts";

const usage = `Shows what the functions could not handle, and puts it back once the reason is mended.

  npm run dead-letters -- list [--queue deliveries] [--limit 20]
  npm run dead-letters -- redrive [--queue deliveries] [--max 100] [--dry-run]

Without --queue all three: events, deliveries, redeliveries. list takes a look at up to --limit messages of each,
which nobody else sees for the seconds that takes. redrive puts back those that are there when it begins, or the
first --max of each queue; --dry-run only says how many.

Exit code 1: fewer were put back than asked for, and why.

Without --stage it speaks to the local run that listens on PORT (default 3000).
With --stage dev it speaks to that stage on AWS, or to the emulator that AWS_ENDPOINT_URL names.`;

const options = {
  queue: { type: "string" },
  limit: { type: "string" },
  max: { type: "string" },
  "dry-run": { type: "boolean" },
} as const;

const queue = z.enum(queueNames, `must be ${queueNames.join(", ")}`).optional();
const count = (max: number) => {
  const wanted = `must be a whole number from 1 to ${max}`;
  return z.coerce.number(wanted).int(wanted).min(1, wanted).max(max, wanted);
};
const listing = {
  queue,
  limit: count(1_000).default(20),
  max: unset("is for redrive; list takes --limit"),
  "dry-run": unset("is for redrive"),
};
const redriving = {
  queue,
  max: count(10_000_000).default(Number.MAX_SAFE_INTEGER),
  "dry-run": z.boolean().default(false),
  limit: unset("is for list; redrive takes --max"),
};

/** Progress is told when so many more are moved. */
const REPORT_EVERY = 1_000;

async function list(target: Target, wanted: { queue?: DeadLetterQueue["name"] | undefined; limit: number }) {
  for (const one of await findQueues(target, wanted.queue)) {
    for (const line of await listLetters(target.sqs, one, wanted.limit, Date.now())) console.log(line);
  }
  return 0;
}

async function redriveOne({ sqs }: Target, one: DeadLetterQueue, max: number): Promise<number> {
  let reported = 0;
  const { there, moved, problems } = await redrive(sqs, one, max, (done, of) => {
    if (done - reported < REPORT_EVERY) return;
    reported = done;
    console.error(`${one.name}: ${done} of ${of}`);
  });
  const now = await countLetters(sqs, one.url).then(
    ({ ready, hidden }) => `${ready + hidden} are there now`,
    () => "how many are there now is not known",
  );
  console.log(`${one.name}: put back ${moved} of ${there}; ${now}`);
  for (const problem of problems) console.error(`${one.name}: ${problem}`);
  return problems.length === 0 ? 0 : 1;
}

async function dryRun({ sqs }: Target, one: DeadLetterQueue, max: number): Promise<number> {
  const { ready, hidden } = await countLetters(sqs, one.url);
  console.log(`${one.name}: would put back ${Math.min(max, ready + hidden)} of ${ready + hidden}`);
  return 0;
}

/** What a call asks for, checked before anything is connected to. @throws UsageError */
function readCommand([verb, ...words]: readonly string[], values: Call["values"]) {
  const [extra] = words;
  if (extra !== undefined) throw new UsageError(`Nothing to do with "${extra}"`);
  if (verb === "list") {
    const wanted = check(listing, values);
    return (target: Target) => list(target, wanted);
  }
  if (verb !== "redrive") throw new UsageError(`Unknown command ${verb}`);
  const wanted = check(redriving, values);
  const treat = wanted["dry-run"] ? dryRun : redriveOne;
  return async (target: Target) => {
    const codes: number[] = [];
    for (const one of await findQueues(target, wanted.queue))
      codes.push(await treat(target, one, wanted.max));
    return Math.max(...codes);
  };
}

await command(usage, options, async ({ values, words }) => {
  if (words.length === 0) return void console.log(usage);
  const run = readCommand(words, values);
  return run(await openTarget(values.stage));
});
