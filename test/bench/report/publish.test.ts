import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { bench } from "../bench.ts";
import type { Figure, Section } from "../section.ts";
import { readResults } from "./results.ts";

let folder: string;
let printed: string[];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "bench-"));
  printed = [];
  mkdirSync(join(folder, "method"));
  for (const name of ["intro", "speed", "price"])
    explain(name, `# ${name}\n\n## How\n\nSee [it](../it.md).\n`);
});
afterEach(() => rmSync(folder, { recursive: true }));

const explain = (name: string, text: string) => writeFileSync(join(folder, "method", `${name}.md`), text);
const page = () => readFileSync(join(folder, "README.md"), "utf8");
const savedValue = (name: string) =>
  readResults(join(folder, "results.json")).find((one) => one.name === name)?.figures[0]?.value;

const section = (name: string, value: number, more: Partial<Figure & Section> = {}): Section => ({
  ...{ name, title: `The ${name}`, runs: 1 },
  measure: async () => ({ figures: [{ name: `${name} figure`, value, unit: "ms", ...more }] }),
  charts: (figures) => [
    {
      ...{
        name: `${name}-chart`,
        title: `${name} | drawn`,
        kind: "bar",
        x: { title: "x" },
        y: { title: "y" },
      },
      ...{ categories: ["one"], series: [{ name: "s", values: [figures[0]?.value ?? 0] }] },
    },
  ],
  ...more,
});

const measure = (sections: readonly Section[], chosen: string[], target: string | undefined = folder) =>
  bench({ sections, chosen, folder: target, print: (line) => void printed.push(line) });

test("a section that is measured again takes the place of its former figures, and the others keep theirs", async () => {
  await measure([section("speed", 1), section("price", 2)], ["price", "speed"]);
  await measure([section("speed", 3), section("price", 4)], ["price"]);
  expect([savedValue("speed"), savedValue("price")]).toEqual([1, 4]);
  expect(page().indexOf("## The speed")).toBeLessThan(page().indexOf("## The price"));
});

test("a section that throws is told and keeps its former figures; the others are measured", async () => {
  const broken = section("speed", 0, { measure: () => Promise.reject(new Error("the sink is gone")) });
  await measure([section("speed", 1)], ["speed"]);
  expect(await measure([broken, section("price", 2)], ["speed", "price"])).toBe(false);
  expect([savedValue("speed"), savedValue("price")]).toEqual([1, 2]);
  expect(printed.join("\n")).toContain("the sink is gone");
  expect(printed.join("\n")).toContain("Not measured: speed");
});

test("a figure that is no number fails its section rather than being published", async () => {
  expect(await measure([section("speed", Number.NaN)], ["speed"])).toBe(false);
  expect(existsSync(join(folder, "README.md"))).toBe(false);
});

test("a goal that is missed fails the run, is its last line, and stands first on the page", async () => {
  const sections = [
    section("speed", 5, { goal: { atMost: 5 } }),
    section("price", 1.6, { goal: { atMost: 1.5 } }),
  ];
  expect(await measure(sections, ["speed", "price"])).toBe(false);
  expect(printed.at(-1)).toBe("Goals NOT reached: price: price figure");
  const goals = page()
    .split("\n")
    .filter((line) => line.startsWith("| ") && line.includes("](#"));
  expect(goals).toEqual([
    "| price figure | ≤ 1.5 | 1.6 ms | **NOT reached** | [price](#price) |",
    "| speed figure | ≤ 5 | 5 ms | reached | [speed](#speed) |",
  ]);
  expect(await measure(sections, ["speed"])).toBe(true);
});

test("a chart that is no longer drawn is removed, and links of a method text hold from the page", async () => {
  await measure([section("speed", 1), section("price", 2)], ["speed", "price"]);
  await measure([section("speed", 1)], ["speed"]);
  expect(readdirSync(folder).filter((file) => file.endsWith(".svg"))).toEqual(["speed-chart.svg"]);
  expect(page()).toContain("### How\n\nSee [it](it.md).");
});

test("the page says what was not measured", async () => {
  await measure([section("speed", 1), section("price", 2)], ["price"]);
  expect(page()).toContain("**Not measured yet**: speed.");
});

test("nothing is written without a folder", async () => {
  await bench({ sections: [section("speed", 1)], chosen: ["speed"], print: () => {} });
  expect(readdirSync(folder)).toEqual(["method"]);
});

test("a section without a method text is refused before it is measured", async () => {
  const untold = section("untold", 1, { measure: () => Promise.reject(new Error("was measured")) });
  await expect(measure([untold], ["untold"])).rejects.toThrow(/method\/untold\.md is missing: say there/);
});
