import { type Goal, isReached, type Summary } from "../section.ts";

/** Three significant digits, without an exponent. */
export function formatNumber(value: number): string {
  if (!Number.isFinite(value)) return String(value);
  const digits = value === 0 ? 0 : Math.max(0, 2 - Math.floor(Math.log10(Math.abs(value))));
  return value.toLocaleString("en-US", { maximumFractionDigits: Math.min(digits, 6) });
}

export const formatGoal = (goal: Goal): string =>
  "atLeast" in goal ? `≥ ${formatNumber(goal.atLeast)}` : `≤ ${formatNumber(goal.atMost)}`;

/** A section's figures as rows of text, the same for the terminal and for Markdown. */
export const toRows = (figures: readonly Summary[]): string[][] =>
  figures.map((figure) => [
    figure.name,
    `${formatNumber(figure.value)} ${figure.unit}`.trim(),
    figure.runs.length > 1 ? figure.runs.map(formatNumber).join(" · ") : "",
    figure.goal ? `${formatGoal(figure.goal)} ${isReached(figure) ? "reached" : "NOT REACHED"}` : "",
  ]);

/** Columns side by side, for a terminal. */
export function toText(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) =>
    Math.max(...rows.map((row) => (row[column] ?? "").length)),
  );
  return rows
    .map((row) => `  ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join("   ")}`.trimEnd())
    .join("\n");
}
