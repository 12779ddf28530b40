import { brotliCompressSync, constants, deflateSync, gzipSync, zstdCompressSync } from "node:zlib";
import {
  answered,
  CHUNKED,
  CLOSED,
  delivered,
  drip,
  failed,
  fin,
  floods,
  MALFORMED,
  type Misbehaviour,
  RESET,
  rst,
  says,
  TIMED_OUT,
} from "../case.ts";

const WRONG_LENGTH = "response has a wrong content-length";
const malformed = failed(MALFORMED, 200);
const zeros = Buffer.alloc(30_000_000);
const bombs = {
  gzip: gzipSync(zeros, { level: 1 }),
  deflate: deflateSync(zeros, { level: 1 }),
  br: brotliCompressSync(zeros, { params: { [constants.BROTLI_PARAM_QUALITY]: 1 } }),
  zstd: zstdCompressSync(zeros),
};
const withLength = (length: string, body = "") =>
  says(`HTTP/1.1 200 OK\r\ncontent-length: ${length}\r\n\r\n${body}`);

/** Bodies that are endless, huge, packed, cut off, or of a length that is not theirs. */
export const bodies: readonly Misbehaviour[] = [
  {
    name: "a body without end",
    serve: floods("HTTP/1.1 200 OK\r\n\r\n", "x"),
    outcome: delivered(),
    copies: 20,
  },
  {
    name: "a 500's body without end",
    serve: floods("HTTP/1.1 500 No\r\n\r\n", "x"),
    outcome: answered(500),
    copies: 10,
  },
  {
    name: "10 GB announced, and on their way",
    serve: floods("HTTP/1.1 200 OK\r\ncontent-length: 10000000000\r\n\r\n", "x"),
    outcome: delivered(),
    copies: 20,
  },
  { name: "10 GB announced, and nothing", serve: withLength("10000000000"), outcome: failed(TIMED_OUT, 200) },
  { name: "a body that stops", serve: withLength("9", "part"), outcome: failed(TIMED_OUT, 200) },
  {
    name: "a body at a byte a second",
    serve: says("HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\n", (s) => drip(s, "x")),
    outcome: failed(TIMED_OUT, 200),
    copies: 10,
  },
  {
    name: "chunks at a byte a second",
    serve: says(CHUNKED, (s) => drip(s, "1\r\nx\r\n")),
    outcome: failed(TIMED_OUT, 200),
  },
  {
    name: "a body that stops, then a reset",
    serve: says("HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\npart", rst),
    outcome: failed(RESET, 200),
  },
  {
    name: "a whole answer, then a reset",
    serve: says("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok", (s) => setTimeout(rst, 50, s)),
    outcome: delivered(),
  },
  {
    name: "a body up to the connection's end",
    serve: says("HTTP/1.0 200 OK\r\n\r\nok", fin),
    outcome: delivered(),
  },
  { name: "no length and no end", serve: says("HTTP/1.0 200 OK\r\n\r\nok"), outcome: failed(TIMED_OUT, 200) },
  ...Object.entries(bombs).map(([encoding, bomb]) => ({
    name: `a ${encoding} bomb`,
    serve: says(
      Buffer.concat([
        Buffer.from(
          `HTTP/1.1 200 OK\r\ncontent-encoding: ${encoding}\r\ncontent-length: ${bomb.length}\r\n\r\n`,
        ),
        bomb,
      ]),
    ),
    outcome: delivered(),
    copies: 5,
  })),
  { name: "a length below zero", serve: withLength("-1"), outcome: failed(MALFORMED) },
  { name: "a length in hex", serve: withLength("0x2", "ok"), outcome: failed(MALFORMED) },
  { name: "a length with a sign", serve: withLength("+2", "ok"), outcome: failed(MALFORMED) },
  {
    name: "a length beyond 2^64",
    serve: withLength("99999999999999999999999", "ok"),
    outcome: failed(WRONG_LENGTH),
  },
  { name: "no number for a length", serve: withLength("two", "ok"), outcome: failed(MALFORMED) },
  {
    name: "two different lengths",
    serve: withLength("2\r\ncontent-length: 3", "ok"),
    outcome: failed(WRONG_LENGTH),
  },
  {
    name: "twice the same length",
    serve: withLength("2\r\ncontent-length: 2", "ok"),
    outcome: failed(WRONG_LENGTH),
  },
  { name: "a list of lengths", serve: withLength("2, 2", "ok"), outcome: failed(WRONG_LENGTH) },
  {
    name: "a length and chunks",
    serve: says(
      "HTTP/1.1 200 OK\r\ncontent-length: 2\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
    ),
    outcome: failed(WRONG_LENGTH),
  },
  {
    name: "chunks and a length",
    serve: says(
      "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\ncontent-length: 2\r\n\r\n2\r\nok\r\n0\r\n\r\n",
    ),
    outcome: failed(MALFORMED),
  },
  {
    name: "an unknown transfer-encoding",
    serve: says("HTTP/1.1 200 OK\r\ntransfer-encoding: magic\r\n\r\nok", fin),
    outcome: delivered(),
  },
  {
    name: "closed early",
    serve: says("HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 9\r\n\r\npart", fin),
    outcome: failed(WRONG_LENGTH, 200),
  },
  { name: "a chunk's size that is none", serve: says(`${CHUNKED}zz\r\n`), outcome: malformed },
  { name: "a chunk's size below zero", serve: says(`${CHUNKED}-2\r\nok\r\n`), outcome: malformed },
  {
    name: "a chunk's size beyond 2^64",
    serve: says(`${CHUNKED}fffffffffffffffff\r\nok\r\n`),
    outcome: malformed,
  },
  {
    name: "a chunk of 2^63 bytes",
    serve: says(`${CHUNKED}7fffffffffffffff\r\nok`),
    outcome: failed(TIMED_OUT, 200),
  },
  {
    name: "a chunk longer than its size",
    serve: says(`${CHUNKED}2\r\nokay\r\n0\r\n\r\n`),
    outcome: malformed,
  },
  { name: "chunks without end", serve: floods(CHUNKED, "1\r\nx\r\n"), outcome: delivered(), copies: 20 },
  {
    name: "a chunk extension without end",
    serve: floods(`${CHUNKED}2;x=`, "y"),
    outcome: delivered(),
    copies: 20,
  },
  { name: "trailers without end", serve: floods(`${CHUNKED}0\r\n`, "x: y\r\n"), outcome: delivered() },
  {
    name: "no last chunk, and silence",
    serve: says(`${CHUNKED}2\r\nok\r\n`),
    outcome: failed(TIMED_OUT, 200),
  },
  {
    name: "no last chunk, and the end",
    serve: says(`${CHUNKED}2\r\nok\r\n`, fin),
    outcome: failed(CLOSED, 200),
  },
  {
    name: "204 with a body",
    serve: says("HTTP/1.1 204 No\r\ncontent-length: 2\r\n\r\nok"),
    outcome: delivered(204),
  },
  {
    name: "204 with chunks",
    serve: says("HTTP/1.1 204 No\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n"),
    outcome: delivered(204),
  },
  {
    name: "205 with a body",
    serve: says("HTTP/1.1 205 No\r\ncontent-length: 2\r\n\r\nok"),
    outcome: delivered(205),
  },
  {
    name: "304 with a body",
    serve: says("HTTP/1.1 304 No\r\ncontent-length: 2\r\n\r\nok"),
    outcome: answered(304),
  },
];
