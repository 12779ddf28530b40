import { median } from "./report/statistics.ts";
import type { Measured, Section, Summary } from "./section.ts";

export interface SectionResult {
  readonly section: Section;
  readonly figures: readonly Summary[];
  readonly samples: Readonly<Record<string, readonly number[]>>;
}

/** Measures a section as often as it asks, and takes the median of each figure. */
export async function runSection(section: Section, runs = section.runs): Promise<SectionResult> {
  const measured: Measured[] = [];
  for (let run = 0; run < runs; run++) measured.push(await section.measure());
  const last = measured.at(-1);
  const figures = (last?.figures ?? []).map((figure): Summary => {
    const values = measured.flatMap((one) =>
      one.figures.filter(({ name }) => name === figure.name).map(({ value }) => value),
    );
    return { ...figure, value: median(values), runs: values };
  });
  return { section, figures, samples: last?.samples ?? {} };
}
