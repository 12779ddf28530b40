import { BarChart, LineChart } from "echarts/charts";
import { GridComponent, LegendComponent, MarkLineComponent, TitleComponent } from "echarts/components";
import { init, use } from "echarts/core";
import { SVGRenderer } from "echarts/renderers";
import type { Chart } from "../section.ts";
import { toOption, WIDTH } from "./chart.ts";

use([BarChart, LineChart, GridComponent, LegendComponent, MarkLineComponent, TitleComponent, SVGRenderer]);

const escapeXml = (text: string) => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;");

/**
 * What ECharts adds for a pointer that no picture has. Its class names and ids are counted through the process: without
 * them the same figures make the same bytes.
 */
const withoutInteraction = (svg: string) =>
  svg
    .replace(/<style[^>]*>.*?<\/style>\s*/s, "")
    .replaceAll(/ (?:class|ecmeta_\w+|pointer-events)="[^"]*"/g, "")
    .replaceAll(/\bzr\d+-(c\d+)/g, "$1");

/** @returns a picture that stands alone, with a title for those who do not see it */
export function toSvg(chart: Chart): string {
  const { option, height } = toOption(chart);
  const drawn = init(null, null, { renderer: "svg", ssr: true, width: WIDTH, height });
  try {
    drawn.setOption(option);
    const svg = withoutInteraction(drawn.renderToSVGString());
    return `${svg.replace(/<svg ([^>]*)>/, `<svg role="img" $1>\n<title>${escapeXml(chart.title)}</title>`)}\n`;
  } finally {
    drawn.dispose();
  }
}
