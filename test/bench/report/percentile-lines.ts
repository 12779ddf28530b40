import { percentile } from "../../support/statistics.ts";
import type { Chart } from "../section.ts";

const PERCENTILES = [50, 75, 90, 95, 99, 99.9];

/** What charts of latencies have in common: a line for each list of milliseconds, by percentile. */
export const percentileLines = (
  samples: Readonly<Record<string, readonly number[]>>,
): Pick<Chart, "kind" | "x" | "y" | "categories" | "series"> => ({
  kind: "line",
  x: { title: "percentile" },
  y: { title: "ms", isLogarithmic: true },
  categories: PERCENTILES,
  series: Object.entries(samples).map(([name, values]) => ({
    name,
    values: PERCENTILES.map((share) => percentile(values, share / 100)),
  })),
});
