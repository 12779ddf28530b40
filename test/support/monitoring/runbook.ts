import { readFileSync } from "node:fs";

export const runbook = readFileSync(new URL("../../../docs/runbook.md", import.meta.url), "utf8");

/** What it says about alarms, by the heading that they name. */
export const runbookSections: ReadonlyMap<string, string> = new Map(
  (runbook.split("\n## When an alarm is raised\n")[1] ?? "")
    .split("\n### ")
    .slice(1)
    .map((text) => [text.slice(0, text.indexOf("\n")), text]),
);

/** The heading of the runbook that an alarm's description names; empty when it names none. */
export const sectionOf = (description: string) =>
  /^[^#]+\. See docs\/runbook\.md#([a-z0-9-]+)$/.exec(description)?.[1] ?? "";

/** The alarms that a section is for: what it names, in small letters at first, before it says what they mean. */
export const alarmIdsOf = (section: string): string[] =>
  [...(runbookSections.get(section)?.split("**Means**")[0] ?? "").matchAll(/`([a-z][\w-]+)`/g)].map(
    ([, id = ""]) => id,
  );
