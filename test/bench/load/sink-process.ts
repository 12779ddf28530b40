import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { now } from "./clock.ts";
import { eventIdIn } from "./event.ts";

/**
 * Endpoints of every kind, by path: `/<status>/<delay in ms>/…`, and `/hang/…`, which never answers. Notes what came
 * when, and tells whoever asks.
 */
let arrivals: { readonly path: string; readonly id: string; readonly at: number }[] = [];
let isNoting = false;
let count = 0;
/** Of requests, as they came over the wire. */
let bytes = 0;
let lastAt = 0;
const hanging = new Set<ServerResponse>();

const server = createServer((request, response) => {
  const chunks: Buffer[] = [];
  request.on("data", (chunk: Buffer) => chunks.push(chunk));
  request.on("end", () => {
    count++;
    bytes += headBytes(request) + chunks.reduce((sum, chunk) => sum + chunk.length, 0);
    lastAt = now();
    const path = request.url ?? "";
    if (isNoting) arrivals.push({ path, id: eventIdIn(Buffer.concat(chunks).toString()) ?? "", at: lastAt });
    const [, kind = "", delay = ""] = path.split("/");
    if (kind === "hang") return void hanging.add(response);
    const answer = () => void response.writeHead(Number(kind)).end();
    if (Number(delay) > 0) setTimeout(answer, Number(delay));
    else answer();
  });
});
/** The request line, and each header on a line of its own. */
const headBytes = ({ method, url, rawHeaders }: IncomingMessage) =>
  Buffer.byteLength(`${method} ${url} HTTP/1.1\r\n\r\n`) +
  rawHeaders.reduce((sum, part) => sum + Buffer.byteLength(part) + 2, 0);

// Connections stay open for as long as a sender likes.
server.keepAliveTimeout = 0;

process.on("message", (message: { readonly reset?: "count" | "note"; readonly isFull?: boolean }) => {
  process.send?.({ count, bytes, lastAt, arrivals: message.isFull ? arrivals : [] });
  if (!message.reset) return;
  isNoting = message.reset === "note";
  arrivals = [];
  count = 0;
  bytes = 0;
  for (const response of hanging) response.destroy();
  hanging.clear();
});
process.on("disconnect", () => process.exit());

server.listen(0, "127.0.0.1", () => {
  const address = server.address();
  if (address !== null && typeof address === "object") process.send?.({ port: address.port });
});
