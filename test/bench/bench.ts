import { inspect } from "node:util";
import { SenderFailure, type StartSender } from "./load/sender.ts";
import { publish, readMethods, resultsFile } from "./report/publish.ts";
import { merge, readResults, type SectionRecord, toRecord } from "./report/results.ts";
import { headings, toRows, toText } from "./report/table.ts";
import { runSection } from "./run.ts";
import { isReached, type Section } from "./section.ts";

export interface BenchOptions {
  /** All there are, in their order. */
  readonly sections: readonly Section[];
  /** Names of those to measure. */
  readonly chosen: readonly string[];
  /** Instead of each section's own. */
  readonly runs?: number | undefined;
  /** Where results, charts and page are written; without it nothing is. */
  readonly folder?: string | undefined;
  /** Another sender, to be measured in place of this product. */
  readonly startSender?: StartSender;
  readonly print: (line: string) => void;
}

async function measureSection(section: Section, { runs, startSender, print }: BenchOptions) {
  print(`\n${section.title}`);
  const startedAt = performance.now();
  const result = await runSection(section, runs, startSender);
  const record = toRecord(result, (performance.now() - startedAt) / 1000);
  print(toText([headings, ...toRows(record.figures)]));
  for (const note of record.notes) print(`  ${note}`);
  return record;
}

const missedGoals = (measured: readonly SectionRecord[]) =>
  measured.flatMap(({ name, figures }) =>
    figures.filter((figure) => !isReached(figure)).map((figure) => `${name}: ${figure.name}`),
  );

/**
 * Measures sections one after another, prints each table, and writes what there is after each, so that a run that is
 * broken off keeps what it had. A section that throws is told and keeps its former figures; the others still run.
 * @returns whether every section was measured and every goal of theirs reached
 */
export async function bench(options: BenchOptions): Promise<boolean> {
  const { sections, chosen, folder, print } = options;
  // Before minutes are spent on figures that cannot be published.
  let saved = folder === undefined ? [] : readResults(resultsFile(folder));
  if (folder !== undefined) readMethods(folder, chosen);
  const measured: SectionRecord[] = [];
  const failed: string[] = [];
  for (const section of sections.filter(({ name }) => chosen.includes(name))) {
    try {
      const record = await measureSection(section, options);
      measured.push(record);
      saved = merge(saved, [record], sections);
      if (folder !== undefined) publish(folder, saved, sections);
    } catch (error) {
      failed.push(section.name);
      print(
        `  failed, and keeps the figures it had: ${error instanceof SenderFailure ? error.message : inspect(error)}`,
      );
    }
  }
  const missed = missedGoals(measured);
  print("");
  if (failed.length > 0) print(`Not measured: ${failed.join(", ")}`);
  print(missed.length > 0 ? `Goals NOT reached: ${missed.join("; ")}` : "Every goal measured is reached.");
  return failed.length === 0 && missed.length === 0;
}
