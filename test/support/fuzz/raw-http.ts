import { connect } from "node:net";

export interface RawRequest {
  readonly method: string;
  /** As it is sent, whatever it holds. */
  readonly target: string;
  readonly headers: readonly (readonly [name: string, value: string])[];
  /** Undefined: neither a body nor its length. */
  readonly body?: Buffer | undefined;
}

export interface RawAnswer {
  readonly status: number;
  /** By lower-case name. */
  readonly headers: ReadonlyMap<string, string>;
  readonly text: string;
  readonly durationMs: number;
}

/** The request's bytes on the wire. Its own `content-length` or `transfer-encoding`, if any, stands. */
export function wireBytes({ method, target, headers, body }: RawRequest, host: string): Buffer {
  const names = headers.map(([name]) => name.toLowerCase());
  const hasLength = names.includes("content-length") || names.includes("transfer-encoding");
  const lines = [
    `${method} ${target} HTTP/1.1`,
    `host: ${host}`,
    "connection: close",
    ...headers.map(([name, value]) => `${name}: ${value}`),
    ...(body && !hasLength ? [`content-length: ${body.length}`] : []),
  ];
  return Buffer.concat([Buffer.from(`${lines.join("\r\n")}\r\n\r\n`), body ?? Buffer.alloc(0)]);
}

/**
 * Sends bytes over a connection of their own, as no HTTP client would let one, and reads the answer to its end.
 * @returns undefined when the connection was closed without one
 * @throws when there was no whole answer in time
 */
export function exchange(url: string, bytes: Buffer, timeoutMs: number): Promise<RawAnswer | undefined> {
  const { hostname, port } = new URL(url);
  const begunAt = performance.now();
  const chunks: Buffer[] = [];
  return new Promise((resolve, reject) => {
    const socket = connect(Number(port), hostname, () => socket.write(bytes));
    const timer = setTimeout(() => {
      socket.destroy();
      reject(new Error(`no whole answer within ${timeoutMs} ms`));
    }, timeoutMs);
    socket.on("data", (chunk) => chunks.push(chunk));
    // A server that refuses an upload may reset the connection after its answer.
    socket.on("error", () => {});
    socket.on("close", () => {
      clearTimeout(timer);
      try {
        resolve(chunks.length === 0 ? undefined : parse(Buffer.concat(chunks), performance.now() - begunAt));
      } catch (error) {
        reject(error);
      }
    });
  });
}

function parse(bytes: Buffer, durationMs: number): RawAnswer {
  const end = bytes.indexOf("\r\n\r\n");
  if (end < 0) throw new Error("the answer has no end of its headers");
  const [statusLine = "", ...lines] = bytes.subarray(0, end).toString("latin1").split("\r\n");
  const status = Number(/^HTTP\/1\.1 (\d{3}) /.exec(statusLine)?.[1]);
  if (!status) throw new Error(`the answer begins ${statusLine}`);
  const headers = new Map(
    lines.map((line): [string, string] => {
      const colon = line.indexOf(":");
      return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
    }),
  );
  const rest = bytes.subarray(end + 4);
  const isChunked = headers.get("transfer-encoding") === "chunked";
  // Only the HTTP server's own refusals are, and they have no body.
  if (isChunked && rest.toString() !== "0\r\n\r\n")
    throw new Error("the answer is chunked, which no route's is");
  const body = isChunked ? Buffer.alloc(0) : rest;
  const length = headers.get("content-length");
  if (length !== undefined && body.length !== 0 && Number(length) !== body.length)
    throw new Error(`the answer has ${body.length} bytes of ${length}`);
  return { status, headers, text: body.toString("utf8"), durationMs };
}
