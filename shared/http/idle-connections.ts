import { type Connection, MAX_IDLE_MS } from "./connection.ts";

/** In one process; a Lambda has 1,024 file descriptors. The one unused for longest makes room. */
const MAX_IDLE = 100;

/** Connections between two deliveries. */
export function createIdleConnections() {
  /** Longest unused first. */
  let idle: { readonly connection: Connection; readonly since: number }[] = [];

  return {
    /** The one used last to this origin, which is the likeliest to be still there. */
    take(origin: string): Connection | undefined {
      const found = idle.findLast((one) => one.connection.origin === origin);
      if (!found) return undefined;
      this.forget(found.connection);
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
