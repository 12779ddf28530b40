import { type Connection, MAX_IDLE_MS } from "./connection.ts";

/**
 * In one process; a Lambda has 1,024 file descriptors. The one unused for longest makes room. As many as attempts can be
 * under way in the local run, which has fifty invocations of ten in one process: fewer, and each would connect anew.
 */
const MAX_IDLE = 500;

/** Connections between two deliveries. */
export function createIdleConnections() {
  /** Longest unused first. */
  let idle: { readonly connection: Connection; readonly since: number }[] = [];

  return {
    /** The one used last to this origin, which is the likeliest to be still there. */
    take(origin: string): Connection | undefined {
      const index = idle.findLastIndex((one) => one.connection.origin === origin);
      const [found] = index < 0 ? [] : idle.splice(index, 1);
      if (!found) return undefined;
      // No timer runs while a Lambda is frozen between two batches; the clock on the wall does.
      if (Date.now() - found.since <= MAX_IDLE_MS) return found.connection;
      found.connection.destroy();
      return this.take(origin);
    },

    keep(connection: Connection): void {
      idle.push({ connection, since: Date.now() });
      if (idle.length > MAX_IDLE) idle.shift()?.connection.destroy();
    },

    forget(connection: Connection): void {
      idle = idle.filter((one) => one.connection !== connection);
    },

    destroyAll(): void {
      for (const { connection } of idle.splice(0)) connection.destroy();
    },
  };
}
