import { existsSync } from "node:fs";
import { Server } from "node:net";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { startFauxqs } from "fauxqs";
import * as z from "zod";
import { LOOPBACK } from "../settings.ts";
import { runThread } from "../thread.ts";
import type { ServiceInput } from "./services.ts";

await runThread(async function startSqs({ dataDir }: ServiceInput) {
  listenOnLoopbackOnly();
  if (dataDir !== undefined) releaseInFlight(join(dataDir, "fauxqs.db"));
  const server = await startFauxqs({ port: 0, logger: false, ...(dataDir !== undefined && { dataDir }) });
  return { ready: `http://${LOOPBACK}:${server.port}`, stop: () => server.stop() };
});

/** fauxqs listens on 0.0.0.0 and has no option against it; this thread opens no other socket. */
function listenOnLoopbackOnly() {
  const listen = Server.prototype.listen;
  const options = z.looseObject({ port: z.number() });
  Server.prototype.listen = function listenOnLoopback(this: Server, ...given: unknown[]) {
    return Reflect.apply(listen, this, [{ ...options.parse(given[0]), host: LOOPBACK }, ...given.slice(1)]);
  };
}

/**
 * After a crash the messages that were being handled are still hidden, for as long as six function timeouts.
 * Whoever held them is gone, so they are shown again at once. That they were handed out in vain is not their
 * fault and does not count towards the dead letters, but they stay known as handed out before. fauxqs reads the
 * file only when it starts.
 */
function releaseInFlight(databaseFile: string) {
  if (!existsSync(databaseFile)) return;
  const database = new DatabaseSync(databaseFile);
  const [{ found } = { found: 0 }] = database
    .prepare("SELECT count(*) AS found FROM sqlite_schema WHERE name = 'sqs_messages'")
    .all();
  if (found !== 0) {
    database.exec(`
      UPDATE sqs_messages
      SET receipt_handle = NULL, visibility_deadline = NULL,
          approximate_receive_count = max(1, approximate_receive_count - 1)
      WHERE visibility_deadline IS NOT NULL`);
  }
  database.close();
}
