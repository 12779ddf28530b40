import { parentPort, workerData } from "node:worker_threads";
import * as z from "zod";
import { messageOf } from "../failure.ts";

/** What a service's worker tells its starter, once. */
export const workerReport = z.union([
  z.strictObject({ url: z.url() }),
  z.strictObject({ failure: z.string() }),
]);
const workerInput = z.object({ dataDir: z.string().optional() });

/**
 * The worker's side of a service: starts it, reports its URL or why there is none, and stops it on the first
 * message from the starter.
 * @param start told the service's own folder, or undefined to keep everything in memory
 */
export async function runServiceWorker(
  start: (dataDir: string | undefined) => Promise<{ url: string; stop: () => Promise<void> }>,
): Promise<void> {
  if (!parentPort) throw new Error("A service worker runs in a worker thread only");
  const port = parentPort;
  try {
    const service = await start(workerInput.parse(workerData).dataDir);
    port.once("message", async function stopService() {
      await service.stop();
      port.close();
    });
    port.postMessage({ url: service.url });
  } catch (error) {
    port.postMessage({ failure: messageOf(error) });
    port.close();
  }
}
