import type { SectionRecord } from "./results.ts";
import { type Goaled, goalRows, headings, toRows } from "./table.ts";

const NOTE = `<!--
Made by \`npm run bench\` out of results.json and the texts in method/. Edit those rather than this page, and then
\`npm run bench -- --page\`: it writes the page and its charts anew and measures nothing.
-->`;

const cell = (text: string) => text.replaceAll("|", "\\|");
const markdownRow = (cells: readonly string[]) => `| ${cells.map(cell).join(" | ")} |`;

const markdownTable = (head: readonly string[], rows: readonly (readonly string[])[]) =>
  [markdownRow(head), markdownRow(head.map(() => "---")), ...rows.map(markdownRow)].join("\n");

/** Links of a text in method/ as they are from the page, which is one folder above it. */
const relink = (text: string) =>
  text.replaceAll(/\]\((?![a-z]+:|#)([^)]+)\)/g, (_, target: string) =>
    target.startsWith("../") ? `](${target.slice(3)})` : `](method/${target})`,
  );

/** A text as part of the page: without a title of its own, and its headings below the section's. */
function asPart(text: string, level: number): string {
  const body = text.trim().replace(/^# .*\n+/, "");
  const levels = [...body.matchAll(/^(#+) /gm)].map(([, marks]) => marks?.length ?? 0);
  const deeper = "#".repeat(Math.max(0, level - Math.min(...levels, level)));
  return relink(body.replaceAll(/^(?=#+ )/gm, deeper));
}

const describe = ({ cores, cpu, memoryGiB, os, node }: SectionRecord["machine"]) =>
  `${cores} cores (${cpu}), ${memoryGiB} GiB of memory, ${os}, Node ${node}`;

function describeRuns({ figures }: SectionRecord): string {
  const runs = Math.max(1, ...figures.map((figure) => figure.runs.length));
  return runs === 1 ? "one run" : `median of ${runs} runs`;
}

const sectionPart = (section: SectionRecord, method: string) =>
  [
    `<a id="${section.name}"></a>`,
    `## ${section.title}`,
    `\`npm run bench -- ${section.name}\`, ${section.day}, ${describeRuns(section)}, on ${describe(section.machine)}.`,
    markdownTable(headings, toRows(section.figures)),
    ...section.notes,
    ...section.charts.map(({ name, title }) => `![${title.replaceAll(/[[\]]/g, "\\$&")}](${name}.svg)`),
    asPart(method, 3),
  ].join("\n\n");

const allGoals = (sections: readonly SectionRecord[]): Goaled[] =>
  sections.flatMap(({ name, figures }) =>
    figures.map((figure) => ({ figure, section: `[${name}](#${name})` })),
  );

/** The goals of all sections, those that are not reached first. */
function goalsPart(sections: readonly SectionRecord[]): string {
  const { rows, missed, total } = goalRows(allGoals(sections));
  if (total === 0) return "Nothing that has a goal was measured.";
  const sentence =
    missed === 0
      ? `All ${total} goals are reached.`
      : `**${missed} of ${total} goals ${missed === 1 ? "is" : "are"} not reached**; the section says why.`;
  return `${sentence}\n\n${markdownTable(["goal", "", "measured", "", "section"], rows)}`;
}

const unmeasuredPart = (names: readonly string[]) =>
  names.length === 0 ? [] : [`**Not measured yet**: ${names.join(", ")}.`];

interface Around {
  /** The text of each section, by its name, and `intro`. */
  readonly methods: ReadonlyMap<string, string>;
  /** Sections of which there are no figures. */
  readonly unmeasured: readonly string[];
}

/** The whole page of `docs/bench/`. */
export const toPage = (sections: readonly SectionRecord[], { methods, unmeasured }: Around): string =>
  `${[
    NOTE,
    "# How fast, and how cheap",
    goalsPart(sections),
    ...unmeasuredPart(unmeasured),
    asPart(methods.get("intro") ?? "", 2),
    ...sections.map((section) => sectionPart(section, methods.get(section.name) ?? "")),
  ].join("\n\n")}\n`;
