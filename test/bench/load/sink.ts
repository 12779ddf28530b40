import { setTimeout as sleep } from "node:timers/promises";
import * as z from "zod";
import { startChild } from "./child.ts";

const report = z.object({
  count: z.number(),
  /** Of the requests, with their heads. */
  bytes: z.number(),
  lastAt: z.number(),
  arrivals: z.array(z.object({ path: z.string(), id: z.string(), at: z.number() })),
});
type Report = z.infer<typeof report>;

const POLL_MS = 20;

/** Endpoints in a process of their own, that note what came. */
export interface Sink {
  /** An endpoint that answers like this. */
  url(status: number, delayMs?: number, name?: string): string;
  /** An endpoint that takes requests and never answers. */
  hangingUrl(name?: string): string;
  /** Begins anew. @param what `note` keeps each arrival, `count` only how many there were */
  reset(what: "count" | "note"): Promise<void>;
  report(): Promise<Report>;
  /** @throws when fewer had come by then */
  waitFor(count: number, timeoutMs: number): Promise<Report>;
  stop(): Promise<void>;
}

export async function startSink(): Promise<Sink> {
  const { child, ready } = await startChild(new URL("sink-process.ts", import.meta.url));
  const { port } = z.object({ port: z.number() }).parse(ready);
  const origin = `http://127.0.0.1:${port}`;

  async function readReport(isFull: boolean): Promise<Report> {
    return report.parse(await child.ask({ isFull }));
  }

  return {
    url: (status, delayMs = 0, name = "") => `${origin}/${status}/${delayMs}/${name}`,
    hangingUrl: (name = "") => `${origin}/hang/${name}`,
    reset: async (what) => void (await child.ask({ reset: what })),
    report: () => readReport(true),
    async waitFor(count, timeoutMs) {
      const giveUpAt = Date.now() + timeoutMs;
      for (;;) {
        // Without the arrivals: to send them at each poll would keep the endpoints from answering.
        const read = await readReport(false);
        if (read.count >= count) return readReport(true);
        if (Date.now() > giveUpAt) throw new Error(`${read.count} of ${count} came in ${timeoutMs} ms`);
        await sleep(POLL_MS);
      }
    },
    stop: child.stop,
  };
}
