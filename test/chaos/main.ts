import { parseArgs } from "node:util";
import * as z from "zod";
import { runChaos } from "./chaos.ts";
import { report } from "./report.ts";

const usage = `Kills the local run with SIGKILL, again and again, while it delivers, and accounts for every event.

  npm run chaos
  npm run chaos -- --kills 30 --deliveries 20000 --seed 1

The seed decides when it is killed, what is published and what the endpoints answer. Exit code 1: something was
lost, or came twice without having been under way at a kill.`;

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
