import { existsSync, readFileSync } from "node:fs";
import { availableParallelism, cpus, totalmem, type } from "node:os";
import * as z from "zod";
import type { SectionResult } from "../run.ts";
import type { Section } from "../section.ts";

const GIB = 2 ** 30;
/** More digits than anybody reads, and few enough to compare two files by eye. */
const DIGITS = 6;

const goal = z.union([z.strictObject({ atLeast: z.number() }), z.strictObject({ atMost: z.number() })]);
const figure = z.object({
  name: z.string(),
  value: z.number(),
  unit: z.string(),
  goal: goal.exactOptional(),
  runs: z.array(z.number()).min(1),
});
const axis = z.object({ title: z.string(), isLogarithmic: z.boolean().exactOptional() });
const chart = z.object({
  name: z.string(),
  title: z.string(),
  kind: z.enum(["bar", "line"]),
  x: axis,
  y: axis,
  categories: z.array(z.union([z.string(), z.number()])),
  series: z.array(z.object({ name: z.string(), values: z.array(z.number()) })),
  limit: z.object({ name: z.string(), y: z.number() }).exactOptional(),
});
const machine = z.object({
  cores: z.number(),
  cpu: z.string(),
  memoryGiB: z.number(),
  os: z.string(),
  node: z.string(),
});
const record = z.object({
  name: z.string(),
  title: z.string(),
  /** In UTC. */
  day: z.iso.date(),
  seconds: z.number(),
  machine,
  figures: z.array(figure),
  charts: z.array(chart),
  /** What a reader of the figures has to know of this very run. */
  notes: z.array(z.string()).default([]),
});
const results = z.object({ sections: z.array(record) });

/** What one section measured, when and where: all that the page and the charts are made of. */
export type SectionRecord = z.infer<typeof record>;

/** Nothing by which a machine could be found: its name, its user, its paths. */
const thisMachine = (): SectionRecord["machine"] => ({
  cores: availableParallelism(),
  cpu: cpus()[0]?.model.trim() || "unknown",
  memoryGiB: Math.round(totalmem() / GIB),
  os: type(),
  node: process.versions.node,
});

const rounded = (_key: string, value: unknown) =>
  typeof value === "number" ? Number(value.toPrecision(DIGITS)) : value;

/** @throws when a figure or a value of a chart is no number, which would be lost in JSON */
export function toRecord(
  { section, figures, samples, notes }: SectionResult,
  seconds: number,
): SectionRecord {
  const measured = {
    name: section.name,
    title: section.title,
    day: new Date().toISOString().slice(0, 10),
    seconds: Math.round(seconds),
    machine: thisMachine(),
    figures,
    charts: section.charts(figures, samples),
    notes,
  };
  return record.parse(JSON.parse(JSON.stringify(measured, rounded)));
}

/** @throws with a sentence that says what to do when there is a file and it cannot be read */
export function readResults(file: string): SectionRecord[] {
  if (!existsSync(file)) return [];
  try {
    return results.parse(JSON.parse(readFileSync(file, "utf8"))).sections;
  } catch (cause) {
    throw new Error(`${file} cannot be read. Restore it with git, or delete it and measure again.`, {
      cause,
    });
  }
}

/** What was measured now takes the place of what the same sections had; the others keep theirs, in the list's order. */
export function merge(
  former: readonly SectionRecord[],
  measured: readonly SectionRecord[],
  sections: readonly Section[],
): SectionRecord[] {
  const byName = new Map([...former, ...measured].map((one) => [one.name, one]));
  return sections.flatMap(({ name }) => byName.get(name) ?? []);
}

export const toJson = (sections: readonly SectionRecord[]): string =>
  `${JSON.stringify({ sections }, null, 2)}\n`;
