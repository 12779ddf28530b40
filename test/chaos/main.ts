import { parseArgs } from "node:util";
import * as z from "zod";
import { runChaos } from "./chaos.ts";
import { report } from "./report.ts";

const usage = `Kills the local run with SIGKILL, again and again, while it delivers, and accounts for every event.

  npm run chaos
  npm run chaos -- --kills 30 --deliveries 20000 --seed 1

The seed decides after how many arrivals it is killed and how long it is left to itself before that, how events
are put into batches, and what each event is answered. What the run is doing at that moment is up to the machine:
a seed repeats the conditions, not the interleaving. Exit code 1: something was lost, came twice without having been
under way at a kill, was tried too often, or the kills did not meet what they are meant to meet.`;

const number = (min: number, max: number) => z.coerce.number().int().min(min).max(max);
const options = z.object({
  kills: number(0, 200).default(30),
  deliveries: number(5, 200_000).default(20_000),
  seed: number(0, 0xffff_ffff).default(() => Math.floor(Math.random() * 0xffff_ffff)),
});

const { values } = parseArgs({
  options: {
    kills: { type: "string" },
    deliveries: { type: "string" },
    seed: { type: "string" },
    help: { type: "boolean" },
  },
});
if (values.help) console.log(usage);
else {
  const wanted = options.parse(values);
  console.log(`Seed ${wanted.seed}: ${wanted.deliveries} deliveries to 5 endpoints, ${wanted.kills} kills`);
  const outcome = await runChaos(wanted, (line) => console.log(line));
  console.log(report(outcome));
  process.exitCode = outcome.problems.length > 0 ? 1 : 0;
}
