import type { Section } from "./section.ts";
import { coldStart } from "./sections/cold-start.ts";
import { sender } from "./sections/sender.ts";
import { throughput } from "./sections/throughput.ts";

/** In the order in which they run. */
export const sections: readonly Section[] = [throughput, sender, coldStart];
