import * as z from "zod";
import { startChild } from "./child.ts";

const WARM_UP = 3_000;
const REQUESTS = 20_000;

const ceiling = z.object({ perSecond: z.number(), cpuMicroseconds: z.number() });
export type Ceiling = z.infer<typeof ceiling>;

/**
 * The most that this machine can do at this moment: signed POSTs of 1 KiB from a bare undici pool in a process of its
 * own, to the endpoint given.
 * @param bursts as a handler makes them that gets a batch, answers, and waits for the next: then only the CPU says
 * something, and not the speed
 */
export async function measureCeiling(
  url: string,
  bursts?: { readonly size: number; readonly everyMs: number },
): Promise<Ceiling> {
  const { child } = await startChild(new URL("ceiling-process.ts", import.meta.url));
  await child.ask({ url, count: WARM_UP });
  const measured = ceiling.parse(await child.ask({ url, count: REQUESTS, bursts }));
  await child.stop();
  return measured;
}
