import { type Goal, isReached, type Summary } from "../section.ts";

/** Three significant digits, without an exponent. */
export function formatNumber(value: number): string {
  if (!Number.isFinite(value)) return String(value);
  const digits = value === 0 ? 0 : Math.max(0, 2 - Math.floor(Math.log10(Math.abs(value))));
  return value.toLocaleString("en-US", { maximumFractionDigits: Math.min(digits, 6) });
}

export const formatGoal = (goal: Goal): string =>
  "atLeast" in goal ? `≥ ${formatNumber(goal.atLeast)}` : `≤ ${formatNumber(goal.atMost)}`;

export const headings = ["figure", "median", "runs", "goal"];

/** A section's figures as rows of text, the same for the terminal and for Markdown. */
export const toRows = (figures: readonly Summary[]): string[][] =>
  figures.map((figure) => [
    figure.name,
    `${formatNumber(figure.value)} ${figure.unit}`.trim(),
    figure.runs.length > 1 ? figure.runs.map(formatNumber).join(" · ") : "",
    figure.goal ? `${formatGoal(figure.goal)} ${isReached(figure) ? "reached" : "NOT REACHED"}` : "",
  ]);

export interface Goaled {
  readonly figure: Summary;
  /** Where it was measured. */
  readonly section: string;
}

/** What has a goal, as rows: goal, whether it is reached, and what was measured. What is missed comes first. */
export function goalRows(all: readonly Goaled[]) {
  const withGoal = all.flatMap(({ figure, section }) => {
    const { name, goal, value, unit } = figure;
    if (!goal) return [];
    const isMissed = !isReached(figure);
    const measured = `${formatNumber(value)} ${unit}`.trim();
    const verdict = isMissed ? "**NOT reached**" : "reached";
    return [{ isMissed, row: [name, formatGoal(goal), measured, verdict, section] }];
  });
  const missed = withGoal.filter(({ isMissed }) => isMissed);
  const reached = withGoal.filter(({ isMissed }) => !isMissed);
  return {
    rows: [...missed, ...reached].map(({ row }) => row),
    missed: missed.length,
    total: withGoal.length,
  };
}

/** Columns side by side, for a terminal. */
export function toText(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) =>
    Math.max(...rows.map((row) => (row[column] ?? "").length)),
  );
  return rows
    .map((row) => `  ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join("   ")}`.trimEnd())
    .join("\n");
}
