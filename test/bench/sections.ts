import type { Section } from "./section.ts";
import { coldStart } from "./sections/cold-start.ts";
import { cost } from "./sections/cost.ts";
import { fairness } from "./sections/fairness.ts";
import { growth } from "./sections/growth.ts";
import { latency } from "./sections/latency.ts";
import { retryPrecision } from "./sections/retry-precision.ts";
import { sender } from "./sections/sender.ts";
import { throughput } from "./sections/throughput.ts";

/** In the order in which they run. */
export const sections: readonly Section[] = [
  throughput,
  latency,
  sender,
  coldStart,
  cost,
  retryPrecision,
  fairness,
  growth,
];
