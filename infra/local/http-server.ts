import { once } from "node:events";
import type { Server } from "node:http";
import * as z from "zod";
import { LOOPBACK } from "./settings.ts";

const SWEEP_INTERVAL_MS = 50;
const address = z.object({ port: z.number() });

/**
 * Listens on the loopback address.
 * @param port 0 takes any free one
 * @returns the URL, without a slash at the end
 */
export async function listen(server: Server, port: number): Promise<string> {
  server.listen(port, LOOPBACK);
  await once(server, "listening");
  return `http://${LOOPBACK}:${address.parse(server.address()).port}`;
}

/** Takes no new connection and waits for the requests under way. */
export async function closeServer(server: Server): Promise<void> {
  const closed = once(server, "close");
  server.close();
  // `close` ends the idle connections of this moment;
  // one that answers just now would stay for its keep-alive time.
  const sweep = setInterval(() => server.closeIdleConnections(), SWEEP_INTERVAL_MS);
  await closed;
  clearInterval(sweep);
}
