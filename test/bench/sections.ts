import type { Section } from "./section.ts";
import { fairness } from "./sections/fairness.ts";
import { retryPrecision } from "./sections/retry-precision.ts";
import { throughput } from "./sections/throughput.ts";

/** In the order in which they run. */
export const sections: readonly Section[] = [throughput, retryPrecision, fairness];
