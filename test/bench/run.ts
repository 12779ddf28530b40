import { median } from "../support/statistics.ts";
import type { StartSender } from "./load/sender.ts";
import type { Measured, Section, Summary } from "./section.ts";

export interface SectionResult {
  readonly section: Section;
  readonly figures: readonly Summary[];
  readonly samples: Readonly<Record<string, readonly number[]>>;
  readonly notes: readonly string[];
}

/**
 * Measures a section as often as it asks, and takes the median of each figure.
 * @param startSender of another sender to measure: the goals are this product's, and fall away
 */
export async function runSection(
  section: Section,
  runs = section.runs,
  startSender?: StartSender,
): Promise<SectionResult> {
  const measured: Measured[] = [];
  for (let run = 0; run < runs; run++) measured.push(await section.measure(startSender));
  const last = measured.at(-1);
  const figures = (last?.figures ?? []).map(({ goal, ...figure }): Summary => {
    const values = measured.flatMap((one) =>
      one.figures.filter(({ name }) => name === figure.name).map(({ value }) => value),
    );
    return { ...figure, ...(goal && !startSender && { goal }), value: median(values), runs: values };
  });
  return { section, figures, samples: last?.samples ?? {}, notes: last?.notes ?? [] };
}
