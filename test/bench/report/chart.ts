import type { Chart } from "../section.ts";
import { formatNumber } from "./table.ts";

export const WIDTH = 760;
const HEIGHT = 380;
const MARGIN = 24;
const INK = "#1f2328";
const MUTED = "#59636e";
const AXIS = "#8c959f";
const GRID = "#e6e9ec";
/** Opaque: a page in dark mode would show through, and dark letters with it. */
const PAPER = "#ffffff";
/** Of Okabe and Ito, told apart by the colour-blind too: https://jfly.uni-koeln.de/color/ */
const COLORS = ["#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9"];
const LIMIT_COLOR = "#d55e00";
const DASH = "path://M0 4h5v2h-5zM8 4h5v2h-5zM16 4h5v2h-5z";
const SYMBOLS = ["circle", "rect", "triangle", "diamond"];
const FONT = "system-ui, -apple-system, 'Segoe UI', Helvetica, Arial, sans-serif";
const LETTER_WIDTH = 6.5;
/** More values than that would be written over one another. */
const MAX_VALUES_WRITTEN = 16;
const MAX_LINES_WITH_VALUES = 2;
/** More bars than that would make a chart longer than a screen. */
const MAX_BARS_ACROSS = 40;

/** Bars lie when what is written below them would not fit side by side. */
function isAcross({ kind, categories, series }: Chart): boolean {
  const longest = Math.max(...categories.map((category) => String(category).length));
  const isTooWide = longest * LETTER_WIDTH * categories.length > WIDTH - 5 * MARGIN;
  return kind === "bar" && isTooWide && categories.length * series.length <= MAX_BARS_ACROSS;
}

/** Then the categories are places on an axis of numbers rather than names at equal distances. */
const hasPlaces = ({ kind, categories }: Chart) =>
  kind === "line" && categories.every((category) => typeof category === "number");

const categoryNames = ({ categories }: Chart) => categories.map((category) => String(category));

const mutedText = { color: MUTED, fontSize: 12 };

function categoryAxis(chart: Chart, across: boolean) {
  const common = {
    name: chart.x.title,
    nameLocation: across ? "start" : "middle",
    nameTextStyle: { ...mutedText, ...(across && { align: "right" }) },
    nameGap: across ? 10 : 30,
    axisLine: { show: true, lineStyle: { color: AXIS } },
    axisTick: { show: false },
    axisLabel: { color: INK, fontSize: 12, ...(across && { interval: 0 }) },
    splitLine: { show: false },
    inverse: across,
  };
  if (!hasPlaces(chart)) return { ...common, type: "category", data: categoryNames(chart) };
  const places = chart.categories.map(Number);
  return {
    ...common,
    type: chart.x.isLogarithmic ? "log" : "value",
    axisLabel: { ...common.axisLabel, formatter: formatNumber },
    min: Math.min(...places),
    max: Math.max(...places),
  };
}

/** A bar of the smallest value is to be seen too: a logarithmic axis begins at half of it. */
function logarithmic({ series, limit }: Chart) {
  const above0 = [...series.flatMap(({ values }) => values), limit?.y ?? 0].filter((value) => value > 0);
  const min = Math.min(...above0) / 2;
  const formatter = (value: number) => (Number.isInteger(Math.log10(value)) ? formatNumber(value) : "");
  return { type: "log", min, startValue: min, axisLabel: { ...mutedText, formatter } };
}

const valueAxis = (chart: Chart, across: boolean) => ({
  type: "value",
  name: chart.y.title,
  nameLocation: across ? "middle" : "end",
  nameTextStyle: { ...mutedText, ...(!across && { align: "left" }) },
  nameGap: across ? 30 : 16,
  splitNumber: 4,
  axisLine: { show: false },
  axisTick: { show: false },
  axisLabel: { ...mutedText, formatter: formatNumber },
  splitLine: { lineStyle: { color: GRID } },
  ...(chart.y.isLogarithmic && logarithmic(chart)),
});

/** What stands at a category: its place and the value, or the value alone. ECharts leaves zero out of logarithms. */
const pointAt = (chart: Chart, category: number, value: number) =>
  hasPlaces(chart) ? [Number(chart.categories[category]), value] : value;

/** The upper of two lines has its values above, the lower below. */
const labelSide = ({ series }: Chart, category: number, value: number) =>
  series.some(({ values }) => (values[category] ?? value) > value) ? "bottom" : "top";

function valueSeries(chart: Chart, across: boolean) {
  const { kind, series, categories } = chart;
  const areFew =
    categories.length * series.length <= MAX_VALUES_WRITTEN &&
    (kind === "bar" || series.length <= MAX_LINES_WITH_VALUES);
  const halo = { textBorderColor: PAPER, textBorderWidth: 3 };
  return series.map(({ name, values }, n) => ({
    ...{ name, type: kind, z: 3, color: COLORS[n % COLORS.length] },
    ...{ symbol: SYMBOLS[n % SYMBOLS.length], symbolSize: 7, lineStyle: { width: 2 } },
    ...{ barMaxWidth: across ? 18 : 56, barGap: "10%" },
    label: { show: areFew || across, color: INK, fontSize: 11, ...halo },
    labelLayout: { hideOverlap: true },
    data: values.map((value, category) => ({
      value: pointAt(chart, category, value),
      label: {
        position: across ? "right" : kind === "bar" ? "top" : labelSide(chart, category, value),
        formatter: formatNumber(value),
      },
    })),
  }));
}

const limitName = ({ limit }: Chart) => (limit ? [`${limit.name}: ${formatNumber(limit.y)}`] : []);

/** The line across. Its own points, which are not seen, make the axis reach as far as it. */
function limitSeries(chart: Chart, across: boolean) {
  const { limit } = chart;
  if (!limit) return [];
  const data = hasPlaces(chart)
    ? chart.categories.map((category) => [Number(category), limit.y])
    : categoryNames(chart).map((category) => (across ? [limit.y, category] : [category, limit.y]));
  const markLine = {
    // Below the bars, so that no value is crossed out.
    z: 2,
    data: [across ? { xAxis: limit.y } : { yAxis: limit.y }],
    symbol: "none",
    label: { show: false },
    lineStyle: { color: LIMIT_COLOR, width: 1.5, type: [5, 3] },
  };
  const unseen = { type: "line", symbol: "none", lineStyle: { opacity: 0 } };
  return [{ ...unseen, name: limitName(chart)[0], data, markLine }];
}

function legendOf(chart: Chart) {
  const limit = limitName(chart).map((name) => ({ name, icon: DASH, itemStyle: { color: LIMIT_COLOR } }));
  const series = chart.series.length > 1 ? chart.series.map(({ name }) => ({ name })) : [];
  const data = [...series, ...limit];
  return {
    ...{ show: data.length > 0, left: MARGIN - 5, top: 46, data },
    ...{ itemWidth: 16, itemHeight: 10, itemGap: 20, textStyle: { color: INK, fontSize: 12 } },
  };
}

/** How ECharts is told to draw a chart, in the one style of all. */
export function toOption(chart: Chart) {
  const across = isAcross(chart);
  const legend = legendOf(chart);
  const top = legend.show ? 76 : 52;
  const axes = [categoryAxis(chart, across), valueAxis(chart, across)];
  const bars = chart.categories.length * (chart.series.length * 18 + 8);
  const option = {
    animation: false,
    backgroundColor: PAPER,
    textStyle: { fontFamily: FONT },
    title: { text: chart.title, left: MARGIN - 5, top: 14, textStyle: { color: INK, fontSize: 16 } },
    legend,
    grid: {
      ...{ left: MARGIN, right: across ? 3 * MARGIN : MARGIN + 8, top, bottom: MARGIN },
      ...{ outerBoundsMode: "same", outerBoundsContain: "all" },
    },
    xAxis: axes[across ? 1 : 0],
    yAxis: axes[across ? 0 : 1],
    series: [...valueSeries(chart, across), ...limitSeries(chart, across)],
  };
  return { option, height: across ? top + bars + 100 : HEIGHT };
}
