import { parseArgs } from "node:util";
import * as z from "zod";
import { toRows, toText } from "./report/table.ts";
import { runSection } from "./run.ts";
import { sections } from "./sections.ts";

const usage = `Measures how fast and how cheap this product is, against a ceiling measured in the same run.

  npm run bench                        every section
  npm run bench -- throughput cost     these sections
  npm run bench -- latency --runs 1    once rather than to the median of several

Sections: ${sections.map(({ name }) => name).join(", ")}`;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { runs: { type: "string" }, help: { type: "boolean" } },
});
const runs = z.coerce.number().int().min(1).max(9).optional().parse(values.runs);
const unknown = positionals.filter((name) => !sections.some((section) => section.name === name));

if (values.help) console.log(usage);
else if (unknown.length > 0) {
  console.error(`There is no section ${unknown.join(", ")}.\n\n${usage}`);
  process.exitCode = 1;
} else {
  for (const section of sections) {
    if (positionals.length > 0 && !positionals.includes(section.name)) continue;
    console.log(`\n${section.title}`);
    const { figures } = await runSection(section, runs);
    console.log(toText(toRows(figures)));
  }
}
