/** Rows as a table: the first column to the left, the others to the right unless told. */
export function aligned(rows: readonly (readonly string[])[], others: "left" | "right" = "right"): string[] {
  const widthOf = (column: number) => Math.max(...rows.map((row) => row[column]?.length ?? 0));
  return rows.map((row) =>
    row
      .map((cell, column) =>
        column === 0 || others === "left" ? cell.padEnd(widthOf(column)) : cell.padStart(widthOf(column)),
      )
      .join("  ")
      .trimEnd(),
  );
}
