import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Section } from "../section.ts";
import { toPage } from "./page.ts";
import { merge, type SectionRecord, toJson } from "./results.ts";
import { toSvg } from "./svg.ts";

export const resultsFile = (folder: string): string => join(folder, "results.json");

/**
 * The texts that explain what is measured, by section, and `intro`.
 * @throws when one is missing: figures that nobody explains are not published
 */
export function readMethods(folder: string, names: readonly string[]): Map<string, string> {
  return new Map(
    ["intro", ...names].map((name) => {
      const file = join(folder, "method", `${name}.md`);
      if (!existsSync(file)) {
        throw new Error(`${file} is missing: say there what is measured, how, and what it does not show.`);
      }
      return [name, readFileSync(file, "utf8")];
    }),
  );
}

/** Two charts of one name would be one file. */
function chartsByFile(sections: readonly SectionRecord[]): Map<string, string> {
  const files = new Map<string, string>();
  for (const chart of sections.flatMap(({ charts }) => charts)) {
    const file = `${chart.name}.svg`;
    if (files.has(file)) throw new Error(`Two charts are named ${chart.name}: give one another name.`);
    files.set(file, toSvg(chart));
  }
  return files;
}

/**
 * Writes results, charts and page; removes charts that are no longer drawn.
 * @param all the sections there are, in their order
 */
export function publish(folder: string, measured: readonly SectionRecord[], all: readonly Section[]): void {
  const sections = merge(measured, [], all);
  const unmeasured = all.filter(({ name }) => !sections.some((section) => section.name === name));
  const methods = readMethods(
    folder,
    sections.map(({ name }) => name),
  );
  const charts = chartsByFile(sections);
  mkdirSync(folder, { recursive: true });
  for (const file of readdirSync(folder)) {
    if (file.endsWith(".svg") && !charts.has(file)) rmSync(join(folder, file));
  }
  for (const [file, svg] of charts) writeFileSync(join(folder, file), svg);
  writeFileSync(resultsFile(folder), toJson(sections));
  writeFileSync(
    join(folder, "README.md"),
    toPage(sections, { methods, unmeasured: unmeasured.map(({ name }) => name) }),
  );
}
