import { billOf, type Counted, totalOf } from "../counting/bill.ts";
import { fillDeliveries } from "../counting/fill.ts";
import { countLoad, type Load, registerEndpoints } from "../counting/scenario.ts";
import { type CountedStage, startCountedStage } from "../counting/stage.ts";
import { type Sink, startSink } from "../load/sink.ts";
import { type Chart, type Figure, figureOf, type Measured, type Section } from "../section.ts";

const SCOPE = "user_activity";
const ENDPOINT_MS = 100;
const DELIVERIES = 1_000;
/** What one request publishes at most, by events and by the deliveries that come of them. */
const MAX_BATCH = 100;
const MATCHING = 10;
const OTHER_CAMPAIGN = "another";

/** From where on the cost is to be flat, and by how much it may differ. */
const FLAT_FROM = 10;
const FLAT = 1.1;

interface Axis {
  readonly name: string;
  readonly title: string;
  readonly places: readonly number[];
}
const endpoints: Axis = {
  name: "endpoints an event",
  title: "endpoints an event",
  places: [1, 10, 100, 1_000],
};
const stored: Axis = {
  name: "stored deliveries",
  title: "deliveries stored before",
  places: [100, 1_000, 10_000, 100_000, 1_000_000],
};
const webhooks: Axis = {
  name: "webhooks an account",
  title: `webhooks of the account, of which ${MATCHING} match`,
  places: [10, 100, 1_000, 10_000],
};
const axes = [endpoints, stored, webhooks];

const nameOf = ({ name }: Axis, place: number) => `${name}, ${place.toLocaleString("en-US")}`;
const cpuOf = (axis: Axis, place: number) => `${nameOf(axis, place)}: CPU`;

const loadOf = (fanOut: number): Load => {
  const events = Math.max(2, DELIVERIES / fanOut);
  return { events, batch: Math.min(events, MAX_BATCH), fanOut, scope: SCOPE };
};

/** Each event is a publication of its own, for which the account's webhooks are looked at. */
const oneByOne: Load = { events: DELIVERIES / MATCHING, batch: 1, fanOut: MATCHING, scope: SCOPE };

const urlsOf = (sink: Sink, count: number) =>
  Array.from({ length: count }, (_, n) => sink.url(200, ENDPOINT_MS, `hooks/claimr/endpoint-${n}`));

async function onStage<Result>(use: (stage: CountedStage) => Promise<Result>): Promise<Result> {
  const stage = await startCountedStage();
  try {
    return await use(stage);
  } finally {
    await stage.stop();
  }
}

/** Once so that the code is compiled, and once for the figures. */
async function measurePlace(stage: CountedStage, sink: Sink, axis: Axis, place: number, load: Load) {
  await countLoad(stage, sink, load);
  const counted = await countLoad(stage, sink, load);
  return [
    { name: nameOf(axis, place), value: totalOf(billOf(counted)), unit: "$ per million" },
    { name: cpuOf(axis, place), value: cpuMicrosecondsOf(counted), unit: "µs a delivery" },
  ];
}

const cpuMicrosecondsOf = ({ usage, deliveries }: Counted) =>
  (Object.values(usage.functions).reduce((sum, { cpuMs }) => sum + cpuMs, 0) * 1000) / deliveries;

async function measureEndpoints(sink: Sink): Promise<Figure[]> {
  const figures: Figure[] = [];
  for (const count of endpoints.places) {
    const measured = await onStage(async (stage) => {
      await registerEndpoints(stage, urlsOf(sink, count), { scope: SCOPE });
      return measurePlace(stage, sink, endpoints, count, loadOf(count));
    });
    figures.push(...measured);
  }
  return figures;
}

const measureStored = (sink: Sink): Promise<Figure[]> =>
  onStage(async (stage) => {
    await registerEndpoints(stage, urlsOf(sink, 1), { scope: SCOPE });
    const figures: Figure[] = [];
    let isThere = 0;
    for (const count of stored.places) {
      // What is delivered for the figures is stored as well; it is less than a place is wide.
      await countLoad(stage, sink, { ...loadOf(1), events: 2 });
      await fillDeliveries(stage, count - isThere);
      isThere = count;
      figures.push(...(await measurePlace(stage, sink, stored, count, loadOf(1))));
    }
    return figures;
  });

const measureWebhooks = (sink: Sink): Promise<Figure[]> =>
  onStage(async (stage) => {
    await registerEndpoints(stage, urlsOf(sink, MATCHING), { scope: SCOPE });
    const figures: Figure[] = [];
    let others = 0;
    for (const count of webhooks.places) {
      const more = count - MATCHING - others;
      await registerEndpoints(stage, urlsOf(sink, more), { scope: SCOPE, campaigns: [OTHER_CAMPAIGN] });
      others += more;
      figures.push(...(await measurePlace(stage, sink, webhooks, count, oneByOne)));
    }
    return figures;
  });

/** The largest over the smallest, where the cost is to be flat. */
function flatness(axis: Axis, figures: readonly Figure[]): Figure {
  const costs = axis.places
    .filter((place) => place >= FLAT_FROM)
    .map((place) => figureOf(figures, nameOf(axis, place)));
  return {
    name: `dearest over cheapest, by ${axis.name}`,
    value: Math.max(...costs) / Math.min(...costs),
    unit: "",
    goal: { atMost: FLAT },
  };
}

async function measure(): Promise<Measured> {
  const sink = await startSink();
  try {
    const figures = [
      ...(await measureEndpoints(sink)),
      ...(await measureStored(sink)),
      ...(await measureWebhooks(sink)),
    ];
    const alone = figureOf(figures, nameOf(endpoints, 1));
    const shared = figureOf(figures, nameOf(endpoints, FLAT_FROM));
    return {
      figures: [
        ...figures,
        ...axes.map((axis) => flatness(axis, figures)),
        { name: "ten endpoints over one", value: shared / alone, unit: "", goal: { atMost: FLAT } },
      ],
    };
  } finally {
    await sink.stop();
  }
}

const chartOf = (axis: Axis, figures: readonly Figure[]): Chart => ({
  name: `growth-${axis.name.replaceAll(" ", "-")}`,
  title: `Dollars for a million deliveries, by ${axis.name}`,
  kind: "line",
  x: { title: axis.title, isLogarithmic: true },
  y: { title: "$ per million deliveries" },
  categories: axis.places,
  series: [
    { name: "$ per million", values: axis.places.map((place) => figureOf(figures, nameOf(axis, place))) },
  ],
});

export const growth: Section = {
  name: "growth",
  title: "What a delivery costs as everything grows",
  runs: 1,
  measure,
  charts: (figures): Chart[] => axes.map((axis) => chartOf(axis, figures)),
};
