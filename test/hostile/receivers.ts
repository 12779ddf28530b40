import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { createServer as createTlsServer } from "node:tls";
import { Worker } from "node:worker_threads";
import { type Misbehaviour, tcpUnder } from "./case.ts";

export interface Hostile {
  readonly port: number;
  /** How many were accepted so far. */
  connections(): number;
  close(): Promise<unknown>;
}

/** Puts a misbehaving receiver on a port of its own. */
export async function startHostile(misbehaviour: Misbehaviour) {
  const { name, tls, scheme = tls ? "https" : "http", host = "localhost", neverAccepts } = misbehaviour;
  const started = await (neverAccepts ? startDeaf() : startServer(misbehaviour));
  return { ...started, url: `${scheme}://${host}:${started.port}/${encodeURIComponent(name)}` };
}

async function startServer({ serve, tls }: Misbehaviour): Promise<Hostile> {
  const sockets = new Set<Socket>();
  let connections = 0;

  function accept(socket: Socket) {
    socket.on("error", () => {});
    const tcp = [...sockets].find(({ remotePort }) => remotePort === socket.remotePort);
    if (tcp) tcpUnder.set(socket, tcp);
    serve(socket, ++connections);
  }
  const server = tls ? createTlsServer(tls, accept) : createServer(accept);
  // Before `accept`, and below TLS too: a handshake that fails leaves its socket to us.
  server.prependListener("connection", (socket: Socket) => {
    sockets.add(socket.on("error", () => {}).on("close", () => sockets.delete(socket)));
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port to listen on");

  return {
    port: address.port,
    connections: () => connections,
    close() {
      for (const socket of sockets) socket.destroy();
      return new Promise((resolve) => server.close(resolve));
    },
  };
}

const DEAF = `
  const { parentPort } = require("node:worker_threads");
  const server = require("node:net").createServer().listen(0, "127.0.0.1", 1, () => {
    parentPort.postMessage(server.address().port);
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
  });`;
const FILL_MS = 200;

/** Listens in a thread that never gets to accepting, and fills the queue of connections. */
async function startDeaf(): Promise<Hostile> {
  const thread = new Worker(DEAF, { eval: true });
  const [port] = await once(thread, "message");
  const queued: Socket[] = [];
  let isFull = false;
  while (!isFull) {
    const socket = connect(port, "127.0.0.1").on("error", () => {});
    queued.push(socket);
    isFull = await Promise.race([once(socket, "connect").then(() => false), sleep(FILL_MS, true)]);
  }
  return {
    port,
    connections: () => 0,
    close() {
      for (const socket of queued) socket.destroy();
      return thread.terminate();
    },
  };
}
