import {
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type OutgoingHttpHeaders,
  type ServerResponse,
} from "node:http";
import { createServer as createTlsServer } from "node:https";
import { buffer } from "node:stream/consumers";
// Not the global timer: a test that fakes time can still wait for real sockets.
import { setTimeout as sleep } from "node:timers/promises";

const POLL_MS = 5;

export type Received = {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
  /** Epoch milliseconds at which its headers were in. */
  readonly at: number;
};

/** Takes over the socket: for answers that are late, endless, cut off, or none at all. */
export type RawAnswer = (request: IncomingMessage, response: ServerResponse) => void;

export type Answer =
  | RawAnswer
  | {
      readonly status?: number;
      readonly headers?: OutgoingHttpHeaders;
      readonly body?: string | Buffer;
      readonly delayMs?: number;
    };

export type Receiver = {
  /** Every request so far, in the order in which their bodies were complete. */
  readonly requests: readonly Received[];
  /** How many TCP connections were made to it so far. */
  connections(): number;
  url(path?: string): string;
  /** Resolves with the requests once there are n. @throws after timeoutMs, saying how many there were */
  waitFor(n: number, timeoutMs?: number): Promise<readonly Received[]>;
  close(): Promise<void>;
};

/**
 * A webhook receiver on a real socket of 127.0.0.1 that remembers what it got.
 * @param answer what to answer to a request, the nth from 1; an empty 200 unless told
 * @param tls makes it an https server (named localhost in `url`, as a certificate would have it)
 * @param listen where, when any free port of 127.0.0.1 will not do
 */
export async function startReceiver(
  answer: (request: Received, n: number) => Answer = () => ({}),
  tls?: { readonly key: string; readonly cert: string },
  listen: { readonly port: number; readonly host: string } = { port: 0, host: "127.0.0.1" },
): Promise<Receiver> {
  const requests: Received[] = [];
  let connections = 0;

  async function receive(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = "", url: path = "", headers } = request;
    const at = Date.now();
    const body = await buffer(request).catch(() => undefined);
    if (body === undefined) return; // the sender gave up in the middle of its request
    const received = { method, path, headers, body, at };
    const chosen = answer(received, requests.push(received));
    if (typeof chosen === "function") return chosen(request, response);
    if (chosen.delayMs) await sleep(chosen.delayMs, undefined, { ref: false });
    response.writeHead(chosen.status ?? 200, chosen.headers).end(chosen.body);
  }

  function listener(request: IncomingMessage, response: ServerResponse): void {
    // Not caught: a mistake in the test's own answer fails the test run.
    void receive(request, response);
  }

  const server = tls ? createTlsServer(tls, listener) : createServer(listener);
  server.on("connection", () => connections++);
  await new Promise<void>((resolve) => server.listen(listen.port, listen.host, resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port to listen on");
  const origin = tls ? `https://localhost:${address.port}` : `http://127.0.0.1:${address.port}`;

  async function waitFor(n: number, timeoutMs = 5000): Promise<readonly Received[]> {
    const giveUpAt = performance.now() + timeoutMs;
    while (requests.length < n) {
      if (performance.now() > giveUpAt) {
        throw new Error(`${requests.length} of ${n} requests came within ${timeoutMs} ms`);
      }
      await sleep(POLL_MS);
    }
    return requests;
  }

  async function close(): Promise<void> {
    await new Promise((resolve) => {
      server.close(resolve);
      server.closeAllConnections();
    });
  }

  return { requests, connections: () => connections, url: (path = "/") => origin + path, waitFor, close };
}
