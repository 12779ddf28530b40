import type { Socket } from "node:net";
import {
  answered,
  delivered,
  failed,
  floods,
  MALFORMED,
  type Misbehaviour,
  OK,
  says,
  TIMED_OUT,
  TOO_LARGE,
} from "../case.ts";

const malformed = failed(MALFORMED);
const tooLarge = failed(TOO_LARGE);
const CONTINUE = "HTTP/1.1 100 Continue\r\n\r\n";
const HINTS = "HTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\n";
const ok = (headers: string) => `HTTP/1.1 200 OK\r\n${headers}content-length: 2\r\n\r\nok`;

/** Status lines, headers and interim responses that are wrong, odd, or too long. */
export const heads: readonly Misbehaviour[] = [
  { name: "speaks another protocol", serve: says("SSH-2.0-OpenSSH_9.6\r\n"), outcome: malformed },
  { name: "answers with noise", serve: says(Buffer.alloc(5000, 0x9d)), outcome: malformed },
  { name: "answers as HTTP/0.9", serve: says("<html>ok</html>\n"), outcome: malformed },
  { name: "answers with HTTP/2", serve: says(Buffer.from("000000040000000000", "hex")), outcome: malformed },
  { name: "echoes the HTTP/2 preface", serve: says("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), outcome: malformed },
  {
    name: "answers with a request",
    serve: says("POST / HTTP/1.1\r\ncontent-length: 0\r\n\r\n"),
    outcome: malformed,
  },
  { name: "version 3.7", serve: says("HTTP/3.7 200 OK\r\ncontent-length: 0\r\n\r\n"), outcome: malformed },
  { name: "status 000", serve: says("HTTP/1.1 000 No\r\ncontent-length: 0\r\n\r\n"), outcome: malformed },
  { name: "status 099", serve: says("HTTP/1.1 099 No\r\ncontent-length: 0\r\n\r\n"), outcome: malformed },
  { name: "status 1000", serve: says("HTTP/1.1 1000 No\r\ncontent-length: 0\r\n\r\n"), outcome: malformed },
  { name: "status 600", serve: says("HTTP/1.1 600 No\r\ncontent-length: 0\r\n\r\n"), outcome: answered(600) },
  { name: "status 999", serve: says("HTTP/1.1 999 No\r\ncontent-length: 0\r\n\r\n"), outcome: answered(999) },
  { name: "status 2OO", serve: says("HTTP/1.1 2OO OK\r\ncontent-length: 0\r\n\r\n"), outcome: malformed },
  { name: "status -200", serve: says("HTTP/1.1 -200 OK\r\ncontent-length: 0\r\n\r\n"), outcome: malformed },
  {
    name: "no reason phrase",
    serve: says("HTTP/1.1 200\r\ncontent-length: 0\r\n\r\n"),
    outcome: delivered(),
  },
  {
    name: "a reason phrase of 10 kB",
    serve: says(`HTTP/1.1 200 ${"x".repeat(10_000)}\r\ncontent-length: 0\r\n\r\n`),
    outcome: delivered(),
  },
  { name: "a reason phrase without end", serve: floods("HTTP/1.1 200 ", "x"), outcome: tooLarge, copies: 10 },
  {
    name: "headers without end",
    serve: floods("HTTP/1.1 200 OK\r\n", "x: y\r\n"),
    outcome: tooLarge,
    copies: 10,
  },
  {
    name: "a header without end",
    serve: floods("HTTP/1.1 200 OK\r\nx: ", "y"),
    outcome: tooLarge,
    copies: 10,
  },
  { name: "a header name without end", serve: floods("HTTP/1.1 200 OK\r\n", "x"), outcome: tooLarge },
  { name: "100,000 headers", serve: says(ok("a:b\r\n".repeat(100_000))), outcome: tooLarge },
  { name: "100,000 empty headers", serve: says(ok("a:\r\n".repeat(100_000))), outcome: tooLarge },
  {
    name: "a header of 1 MB",
    serve: says(ok(`x: ${"y".repeat(1_000_000)}\r\n`)),
    outcome: tooLarge,
    copies: 10,
  },
  { name: "blank lines without end", serve: floods("", "\r\n"), outcome: tooLarge },
  { name: "a header without a colon", serve: says(ok("no colon\r\n")), outcome: malformed },
  { name: "a header without a name", serve: says(ok(": x\r\n")), outcome: malformed },
  { name: "a space before the colon", serve: says(ok("x : y\r\n")), outcome: malformed },
  { name: "NUL in a header's value", serve: says(ok("x: a\0b\r\n")), outcome: malformed },
  { name: "NUL in a header's name", serve: says(ok("x\0: a\r\n")), outcome: malformed },
  { name: "a folded header", serve: says(ok("x: a\r\n b\r\n")), outcome: malformed },
  { name: "bytes above ASCII in a header", serve: says(ok("x: é\r\n")), outcome: delivered() },
  {
    name: "lines that end in LF alone",
    serve: says("HTTP/1.1 200 OK\ncontent-length: 0\n\n"),
    outcome: malformed,
  },
  {
    name: "lines that end in CR alone",
    serve: says("HTTP/1.1 200 OK\rcontent-length: 0\r\r"),
    outcome: malformed,
  },
  { name: "an unasked 100 before the answer", serve: says(CONTINUE + OK), outcome: delivered() },
  { name: "three 100s before the answer", serve: says(CONTINUE.repeat(3) + OK), outcome: delivered() },
  {
    name: "a 100 byte by byte",
    serve: says("HTTP/1", (s) => trickle(s, CONTINUE.slice(6) + OK)),
    outcome: delivered(),
  },
  { name: "a 100 and nothing else", serve: says(CONTINUE), outcome: failed(TIMED_OUT) },
  { name: "a 100 without end", serve: floods("HTTP/1.1 100 ", "x"), outcome: tooLarge },
  { name: "100s without end", serve: floods("", CONTINUE), outcome: tooLarge, copies: 10 },
  {
    name: "102 Processing before the answer",
    serve: says(`HTTP/1.1 102 Processing\r\n\r\n${OK}`),
    outcome: delivered(),
  },
  { name: "a 103 before the answer", serve: says(HINTS + OK), outcome: delivered() },
  { name: "a 100 after a 103", serve: says(HINTS + CONTINUE + OK), outcome: delivered() },
  { name: "100 103s before the answer", serve: says(HINTS.repeat(100) + OK), outcome: delivered() },
  { name: "10,000 103s before the answer", serve: says(HINTS.repeat(10_000) + OK), outcome: tooLarge },
  { name: "103s without end", serve: floods("", HINTS), outcome: tooLarge, copies: 10 },
  { name: "a 103 a second", serve: says(HINTS, (s) => slowly(s, HINTS)), outcome: failed(TIMED_OUT) },
  {
    name: "101 with an upgrade",
    serve: says("HTTP/1.1 101 Go\r\nconnection: upgrade\r\nupgrade: h2c\r\n\r\n"),
    outcome: failed("answered 101: the protocol must not be switched"),
  },
  {
    name: "101 without an upgrade",
    serve: says("HTTP/1.1 101 Go\r\n\r\n"),
    outcome: failed("answered 101: the protocol must not be switched"),
  },
  ...[401, 402, 407, 421, 426].map((status) => ({
    name: `${status} with a challenge`,
    serve: says(
      `HTTP/1.1 ${status} No\r\nwww-authenticate: Basic\r\nproxy-authenticate: Basic\r\nupgrade: h2c\r\ncontent-length: 0\r\n\r\n`,
    ),
    outcome: answered(status),
    connections: 1,
  })),
  ...["", "-1", "soon", "99999999999999999999", "Mon, 32 Foo 2026", "1, 2"].map((value) => ({
    name: `503 with retry-after: ${value || "(nothing)"}`,
    serve: says(`HTTP/1.1 503 No\r\nretry-after: ${value}\r\ncontent-length: 0\r\n\r\n`),
    outcome: answered(503),
  })),
];

function slowly(socket: Socket, text: string) {
  const timer = setInterval(() => socket.write(text), 1000);
  socket.on("close", () => clearInterval(timer));
}

function trickle(socket: Socket, text: string) {
  let at = 0;
  const timer = setInterval(() => {
    socket.write(text.slice(at, ++at));
    if (at === text.length) clearInterval(timer);
  }, 5);
}
