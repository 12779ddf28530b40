import { readFileSync } from "node:fs";
import type { Socket } from "node:net";
import type { TlsOptions } from "node:tls";

export type Outcome = readonly [status: number | null, error: string | null];

/** One way of misbehaving, and what an attempt at it is recorded as. */
export interface Misbehaviour {
  readonly name: string;
  /** Of the last attempt when there are several. */
  readonly outcome: Outcome;
  /** What the receiver does with a connection. @param n counts them from 1 */
  readonly serve: (socket: Socket, n: number) => void;
  /** Makes `serve` speak behind TLS. */
  readonly tls?: TlsOptions;
  /** `https:` although `serve` speaks raw, or the other way round. */
  readonly scheme?: "http" | "https";
  /** Nobody takes its connections, and the kernel's queue of them is full: a SYN gets no answer. */
  readonly neverAccepts?: boolean;
  /** Resolved as sender-process.ts says; localhost unless told. */
  readonly host?: string;
  /** Attempts one after the other, all but the last of which are delivered. 1 unless told. */
  readonly attempts?: number;
  readonly bodyBytes?: number;
  /** Of the whole at the same time, against memory. 1 unless told. */
  readonly copies?: number;
  /** How many connections the receiver sees from one copy; not checked unless told. */
  readonly connections?: number;
}

export const delivered = (status = 200): Outcome => [status, null];
export const answered = (status: number): Outcome => [status, `answered ${status}`];
export const failed = (error: string, status: number | null = null): Outcome => [status, error];
/** The largest body there is to be sent. */
export const MAX_EVENT_BYTES = 256 * 1024;
export const TIMED_OUT = "timed out after 10 s";
export const CLOSED = "connection closed before the response was complete";
export const RESET = "connection reset";
export const MALFORMED = "malformed HTTP response";
export const TOO_LARGE = "response headers are too large";

export const OK = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";
export const CHUNKED = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";

/** Calls back for each whole request of a connection: the sender's own, so content-length is always there. */
export function onRequest(socket: Socket, callback: (n: number, request: string) => void): void {
  let pending = "";
  let n = 0;
  socket.on("data", (chunk) => {
    pending += chunk.toString("latin1");
    for (let end = wholeRequest(pending); end !== undefined; end = wholeRequest(pending)) {
      const request = pending.slice(0, end);
      pending = pending.slice(end);
      callback(++n, request);
    }
  });
}

function wholeRequest(text: string): number | undefined {
  const headEnd = text.indexOf("\r\n\r\n");
  if (headEnd < 0) return undefined;
  const length = /\r\ncontent-length: (\d+)/.exec(text.slice(0, headEnd))?.[1] ?? 0;
  const end = headEnd + 4 + Number(length);
  return text.length >= end ? end : undefined;
}

/** Says the same to every request. */
export const says = (text: string | Buffer, then?: (socket: Socket) => void) => (socket: Socket) =>
  onRequest(socket, () => socket.write(text, () => then?.(socket)));

/** Says a beginning, and then something over and over, as fast as it is taken. */
export const floods = (start: string, over: string | Buffer) =>
  says(start, function flood(socket) {
    const chunk = Buffer.concat(
      Array.from({ length: Math.ceil(16_384 / over.length) }, () => Buffer.from(over)),
    );
    function pump() {
      while (!socket.destroyed && socket.write(chunk));
    }
    socket.on("drain", pump);
    pump();
  });

/** Says it a byte a second. */
export const drips = (text: string) => (socket: Socket) => onRequest(socket, () => drip(socket, text));

export function drip(socket: Socket, text: string | Buffer): void {
  const bytes = Buffer.from(text);
  let at = 0;
  const timer = setInterval(
    () => socket.write(bytes.subarray(at % bytes.length, (at++ % bytes.length) + 1)),
    1000,
  );
  socket.on("close", () => clearInterval(timer));
}

export const fin = (socket: Socket) => void socket.end();
export const rst = (socket: Socket) => void tcpOf(socket).resetAndDestroy();

/** The TCP socket under a TLS one; Node has no public name for it. */
export const tcpUnder = new WeakMap<Socket, Socket>();
export const tcpOf = (socket: Socket): Socket => tcpUnder.get(socket) ?? socket;

export const pem = (name: string) =>
  readFileSync(new URL(`../support/tls/${name}.pem`, import.meta.url), "utf8");

/** What a server named localhost shows: a certificate of hostile/, and the ones that follow it. */
export const identity = (leaf: string, ...chain: string[]): TlsOptions => ({
  key: pem("key"),
  cert: [leaf, ...chain].map((name) => pem(`hostile/${name}`)).join(""),
});
export const goodIdentity = identity("leaf", "intermediate");
