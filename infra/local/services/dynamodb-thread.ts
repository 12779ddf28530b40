import type { Server } from "node:http";
import { createRequire } from "node:module";
import { listen } from "../http-server.ts";
import { runThread } from "../thread.ts";
import type { ServiceInput } from "./services.ts";

// dynalite is CommonJS without types.
const dynalite: (options: Record<string, unknown>) => Server = createRequire(import.meta.url)("dynalite");

await runThread(async function startDynalite({ dataDir }: ServiceInput) {
  const server = dynalite({
    createTableMs: 0,
    updateTableMs: 0,
    deleteTableMs: 0,
    ...(dataDir !== undefined && { path: dataDir }),
  });
  return {
    ready: await listen(server, 0),
    stop() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      // SDK clients keep their connections open, which `close` alone would wait for.
      server.closeAllConnections();
      return closed;
    },
  };
});
