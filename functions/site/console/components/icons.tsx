/** Line icons on a 16-pixel grid, in the colour of the text. Each stands beside words, so none speaks for itself. */
const paths = {
  check: "M3.5 8.5 6.5 11.5 12.5 5",
  cross: "M4.5 4.5 11.5 11.5 M11.5 4.5 4.5 11.5",
  clock: "M8 4.5V8l2.5 1.5 M8 2a6 6 0 1 0 0 12A6 6 0 0 0 8 2",
  dots: "M4 8h.01 M8 8h.01 M12 8h.01",
  stop: "M4 8h8",
  plus: "M8 3.5v9 M3.5 8h9",
  copy: "M6 6h7v7H6z M10 6V3H3v7h3",
  again: "M13 8a5 5 0 1 1-1.6-3.7 M13 2v3h-3",
  alert: "M8 5v4 M8 11.2h.01 M8 1.8 14.8 13.8H1.2z",
  empty: "M2 9.5h3.5l1 2h3l1-2H14 M2 9.5 4.2 3h7.6L14 9.5V13H2z",
} as const;

export type IconName = keyof typeof paths;

export function Icon({ name }: { name: IconName }) {
  return (
    <svg class="icon" viewBox="0 0 16 16" aria-hidden="true">
      <path d={paths[name]} />
    </svg>
  );
}
