import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import * as z from "zod";
import { bench } from "./bench.ts";
import { readSender } from "./load/read-sender.ts";
import { publish, resultsFile } from "./report/publish.ts";
import { readResults } from "./report/results.ts";
import { toText } from "./report/table.ts";
import { sections } from "./sections.ts";

const folder = fileURLToPath(new URL("../../docs/bench", import.meta.url));
const names = sections.map(({ name }) => name);

/** As long as it took when its figures were last saved. */
function usage(): string {
  const seconds = new Map(readResults(resultsFile(folder)).map((saved) => [saved.name, saved.seconds]));
  const rows = sections.map(({ name, title, runs: times }) => {
    const took = seconds.get(name);
    return [name, title, `${times} runs`, took === undefined ? "" : `took ${Math.ceil(took / 60)} min`];
  });
  return `Measures how fast and how cheap this product is, against a ceiling measured in the same run.

  npm run bench                        every section; writes docs/bench
  npm run bench -- throughput cost     these sections; only prints
  npm run bench -- cost --save         and docs/bench has these figures in place of those it had
  npm run bench -- latency --runs 1    once rather than to the median of several
  npm run bench -- --page              docs/bench anew out of the figures last saved, measuring nothing
  npm run bench -- throughput latency --sender ./my-sender.ts
                                       the same load on another sender (docs/bench/comparing.md)

The exit code is 1 when a goal is not reached or a section could not be measured.

${toText(rows)}`;
}

async function main(): Promise<boolean> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      runs: { type: "string" },
      save: { type: "boolean" },
      page: { type: "boolean" },
      sender: { type: "string" },
      help: { type: "boolean" },
    },
  });
  if (values.help) {
    console.log(usage());
    return true;
  }
  const runs = z.coerce.number().int().min(1).max(9).optional().safeParse(values.runs);
  if (!runs.success) throw new Error("--runs takes a whole number from 1 to 9.");
  const unknown = positionals.filter((name) => !names.includes(name));
  if (unknown.length > 0) throw new Error(`There is no section ${unknown.join(", ")}.\n\n${usage()}`);
  if (values.page) {
    publish(folder, readResults(resultsFile(folder)), sections);
    return true;
  }
  const chosen = positionals.length > 0 ? positionals : names;
  const common = { sections, chosen, runs: runs.data, print: console.log };
  if (values.sender === undefined)
    return bench({ ...common, folder: values.save || positionals.length === 0 ? folder : undefined });
  if (values.save) throw new Error("--save keeps this product's figures only: leave it out with --sender.");
  const startSender = await readSender(
    values.sender,
    sections.filter(({ name }) => chosen.includes(name)),
  );
  return bench({ ...common, startSender });
}

try {
  if (!(await main())) process.exitCode = 1;
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
