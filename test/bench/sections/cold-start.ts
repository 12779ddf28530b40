import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { median } from "../../support/statistics.ts";
import type { Chart, Figure, Measured, Section, Summary } from "../section.ts";
import { type Bundle, EMPTY, makeBundles } from "./cold-start/bundles.ts";
import { type Start, startOnce, writeProbe } from "./cold-start/start.ts";

/** Fresh processes for each function. */
const STARTS = 15;
const MAX_KIB = 500;
const MAX_START_RATIO = 3;
const SIZE = "bundle, ";
const RATIO = "start, ";

/** One after the other, and all functions in turn, so that a busy moment hits each alike. */
async function startAll(probe: string, bundles: readonly Bundle[]): Promise<Map<string, Start[]>> {
  const starts = new Map<string, Start[]>(bundles.map(({ name }) => [name, []]));
  // Brings the files and Node itself into the page cache.
  for (const bundle of bundles) await startOnce(probe, bundle);
  for (let round = 0; round < STARTS; round++)
    for (const bundle of bundles) starts.get(bundle.name)?.push(await startOnce(probe, bundle));
  return starts;
}

async function measure(): Promise<Measured> {
  const folder = await mkdtemp(join(tmpdir(), "claimr-webhooks-cold-start-"));
  try {
    const bundles = await makeBundles(folder);
    const starts = await startAll(await writeProbe(folder), bundles);
    const medianOf = (name: string, part: keyof Start) =>
      median((starts.get(name) ?? []).map((start) => start[part]));
    const emptyMs = medianOf(EMPTY, "wholeMs");
    return {
      figures: bundles.flatMap(({ name, bytes }): Figure[] => {
        const wholeMs = medianOf(name, "wholeMs");
        const times = [
          { name: `process start to handler, ${name}`, value: wholeMs, unit: "ms" },
          { name: `import alone, ${name}`, value: medianOf(name, "importMs"), unit: "ms" },
          { name: `CPU of the start, ${name}`, value: medianOf(name, "cpuMs"), unit: "ms" },
        ];
        if (name === EMPTY) return times;
        return [
          { name: SIZE + name, value: bytes / 1024, unit: "KiB", goal: { atMost: MAX_KIB } },
          ...times,
          {
            ...{ name: RATIO + name, value: wholeMs / emptyMs, unit: "× empty handler" },
            goal: { atMost: MAX_START_RATIO },
          },
        ];
      }),
    };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** The figures of one kind, by function. */
const byFunction = (figures: readonly Summary[], kind: string) => {
  const found = figures.filter(({ name }) => name.startsWith(kind));
  return {
    categories: found.map(({ name }) => name.slice(kind.length)),
    values: found.map(({ value }) => value),
  };
};

function bars(figures: readonly Summary[], kind: string) {
  const { categories, values } = byFunction(figures, kind);
  return {
    kind: "bar" as const,
    x: { title: "function" },
    categories,
    series: [{ name: "functions", values }],
  };
}

export const coldStart: Section = {
  name: "cold-start",
  title: "Cold starts: bundles, and the time until a handler is there",
  runs: 3,
  measure,
  charts: (figures): Chart[] => [
    {
      ...bars(figures, SIZE),
      name: "cold-start-size",
      title: "Size of each bundle, minified",
      y: { title: "KiB" },
      limit: { name: "goal", y: MAX_KIB },
    },
    {
      ...bars(figures, RATIO),
      name: "cold-start-time",
      title: "From process start to handler, in starts of an empty handler",
      y: { title: "× empty handler" },
      limit: { name: "goal", y: MAX_START_RATIO },
    },
  ],
};
