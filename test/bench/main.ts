import { parseArgs } from "node:util";
import * as z from "zod";
import { readSender } from "./load/read-sender.ts";
import { SenderFailure } from "./load/sender.ts";
import { toRows, toText } from "./report/table.ts";
import { runSection } from "./run.ts";
import { sections } from "./sections.ts";

const usage = `Measures how fast and how cheap this product is, against a ceiling measured in the same run.

  npm run bench                        every section
  npm run bench -- throughput cost     these sections
  npm run bench -- latency --runs 1    once rather than to the median of several
  npm run bench -- throughput latency --sender ./my-sender.ts
                                       the same load on another sender (docs/bench/comparing.md)

Sections: ${sections.map(({ name }) => name).join(", ")}`;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { runs: { type: "string" }, sender: { type: "string" }, help: { type: "boolean" } },
});
const runs = z.coerce.number().int().min(1).max(9).optional().parse(values.runs);
const unknown = positionals.filter((name) => !sections.some((section) => section.name === name));

const wanted = sections.filter(({ name }) => positionals.length === 0 || positionals.includes(name));

async function main(): Promise<void> {
  const startSender = values.sender === undefined ? undefined : await readSender(values.sender, wanted);
  for (const section of wanted) {
    console.log(`\n${section.title}`);
    const { figures, notes } = await runSection(section, runs, startSender);
    console.log([toText(toRows(figures)), ...notes.map((note) => `  ${note}`)].join("\n"));
  }
}

if (values.help) console.log(usage);
else if (unknown.length > 0) {
  console.error(`There is no section ${unknown.join(", ")}.\n\n${usage}`);
  process.exitCode = 1;
} else {
  await main().catch((error: unknown) => {
    if (!(error instanceof SenderFailure)) throw error;
    console.error(error.message);
    process.exitCode = 1;
  });
}
