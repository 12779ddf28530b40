import { once } from "node:events";
import type { Server } from "node:http";
import { createRequire } from "node:module";
import * as z from "zod";
import { LOOPBACK, runServiceWorker } from "./worker-protocol.ts";

// dynalite is CommonJS without types.
const dynalite: (options: Record<string, unknown>) => Server = createRequire(import.meta.url)("dynalite");
const address = z.object({ port: z.number() });

await runServiceWorker(async function startDynalite(dataDir) {
  const server = dynalite({
    createTableMs: 0,
    updateTableMs: 0,
    deleteTableMs: 0,
    ...(dataDir !== undefined && { path: dataDir }),
  });
  server.listen(0, LOOPBACK);
  await once(server, "listening");
  return {
    port: address.parse(server.address()).port,
    stop() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      // SDK clients keep their connections open, which `close` alone would wait for.
      server.closeAllConnections();
      return closed;
    },
  };
});
