/** @param share 0 to 1 @returns NaN of nothing */
export function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

export const median = (values: readonly number[]): number => percentile(values, 0.5);

export const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);

/** How many values fall between each border and the next; what lies outside is counted at the ends. */
export function histogram(values: readonly number[], borders: readonly number[]): number[] {
  const counts = borders.slice(1).map(() => 0);
  for (const value of values) {
    const above = borders.findIndex((border) => value < border);
    const index = above === -1 ? counts.length - 1 : Math.max(0, above - 1);
    counts[index] = (counts[index] ?? 0) + 1;
  }
  return counts;
}
