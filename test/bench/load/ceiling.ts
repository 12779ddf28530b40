import * as z from "zod";
import { startChild } from "./child.ts";

const WARM_UP = 3_000;
const REQUESTS = 20_000;

const ceiling = z.object({ perSecond: z.number(), cpuMicroseconds: z.number() });
export type Ceiling = z.infer<typeof ceiling>;

/**
 * The most that this machine can do at this moment: signed POSTs of 1 KiB from a bare undici pool in a process of its
 * own, to the endpoint given.
 */
export async function measureCeiling(url: string, requests = REQUESTS): Promise<Ceiling> {
  const { child } = await startChild(new URL("ceiling-process.ts", import.meta.url));
  await child.ask({ url, count: WARM_UP });
  const measured = ceiling.parse(await child.ask({ url, count: requests }));
  await child.stop();
  return measured;
}
