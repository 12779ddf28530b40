import { expect, test } from "vitest";
import type { Chart } from "../section.ts";
import { toSvg } from "./svg.ts";

const chart: Chart = {
  name: "cold-start",
  title: "Init of <each> function & its bundle",
  kind: "bar",
  x: { title: "function" },
  y: { title: "× an empty handler" },
  categories: [
    "publish-events",
    "redelivery-worker",
    "undelivered-list",
    "endpoint-health",
    "stream-archive",
  ],
  series: [
    { name: "init", values: [2, 3.25, 0, 1, 1] },
    { name: "bundle", values: [1, 2, 1, 1, 1] },
  ],
  limit: { name: "goal", y: 7 },
};

/** What is written in it. @throws when an element is not closed, or an `&` or `<` is not escaped */
function textsOf(svg: string): string[] {
  const open: string[] = [];
  const texts: string[] = [];
  for (const [, text = "", slash, name = "", empty] of svg.matchAll(
    /([^<]*)<(\/?)(\w+)(?:\s+[\w:-]+="[^"<]*")*\s*(\/?)>/g,
  )) {
    if (/&(?!amp;|lt;|gt;|quot;|#)/.test(text)) throw new Error(`A bare & in ${text}`);
    if (text.trim()) texts.push(text.trim());
    if (slash && open.pop() !== name) throw new Error(`</${name}> closes nothing`);
    if (!slash && !empty) open.push(name);
  }
  if (open.length > 0) throw new Error(`<${open.join("> <")}> is not closed`);
  return texts;
}

test("a chart is well-formed and says its title, axes, series, categories, values and goal", () => {
  const texts = textsOf(toSvg(chart));
  const title = "Init of &lt;each&gt; function &amp; its bundle";
  const written = [
    title,
    "function",
    "× an empty handler",
    ...chart.categories,
    "init",
    "bundle",
    "3.25",
    "goal: 7",
  ];
  expect(texts).toEqual(expect.arrayContaining(written));
});

test("the same figures make the same bytes, whatever was drawn before", () => {
  const first = toSvg(chart);
  toSvg({ ...chart, kind: "line" });
  expect(toSvg(chart)).toBe(first);
  expect(toSvg({ ...chart, series: chart.series.slice(1) })).not.toBe(first);
});

test("a line over numbers has them as places on its axis, and leaves out zero where the axis is logarithmic", () => {
  const values = [0, 10, 100];
  const svg = toSvg({
    ...{ name: "growth", title: "Growth", kind: "line", categories: [10, 100, 10_000] },
    ...{ x: { title: "stored", isLogarithmic: true }, y: { title: "ms", isLogarithmic: true } },
    series: [{ name: "cost", values }],
  });
  const texts = textsOf(svg);
  expect(texts).toEqual(expect.arrayContaining(["1,000", "10,000", "stored", "ms"]));
  expect(svg).not.toContain("NaN");
});
