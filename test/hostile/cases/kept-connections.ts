import type { Socket } from "node:net";
import {
  CLOSED,
  delivered,
  failed,
  fin,
  goodIdentity,
  type Misbehaviour,
  OK,
  onRequest,
  RESET,
  rst,
  TIMED_OUT,
} from "../case.ts";

const WRONG = "HTTP/1.1 500 Not yours\r\ncontent-length: 0\r\n\r\n";
const okWith = (headers: string) => `HTTP/1.1 200 OK\r\n${headers}content-length: 2\r\n\r\nok`;

/** Each connection serves its first request; `then` is for the second of the first one. */
const serveOnce = (then: (socket: Socket) => void, answer = OK) =>
  function serve(socket: Socket, connection: number) {
    onRequest(socket, (n) => {
      if (n === 1 || connection > 1) socket.write(answer);
      else then(socket);
    });
  };
/** Answers, and does something shortly afterwards, before the next attempt. */
const answersAndThen = (then: (socket: Socket) => void, answer = OK) =>
  function serve(socket: Socket, connection: number) {
    onRequest(socket, () => {
      socket.write(answer);
      if (connection === 1) setTimeout(then, 20, socket);
    });
  };

/** What a receiver does to a connection that is kept for the next delivery. */
const reused: readonly Omit<Misbehaviour, "attempts">[] = [
  {
    name: "hangs up as its connection is used again",
    serve: serveOnce(fin),
    outcome: delivered(),
    connections: 2,
  },
  {
    name: "resets as its connection is used again",
    serve: serveOnce(rst),
    outcome: delivered(),
    connections: 2,
  },
  {
    name: "hangs up as its TLS connection is used again",
    tls: goodIdentity,
    serve: serveOnce(fin),
    outcome: delivered(),
    connections: 2,
  },
  {
    name: "resets as its TLS connection is used again",
    tls: goodIdentity,
    serve: serveOnce(rst),
    outcome: delivered(),
    connections: 2,
  },
  { name: "hangs up between two requests", serve: answersAndThen(fin), outcome: delivered(), connections: 2 },
  { name: "resets between two requests", serve: answersAndThen(rst), outcome: delivered(), connections: 2 },
  {
    name: "hangs up on the fresh connection too",
    serve: (socket, connection) =>
      onRequest(socket, (n) => (connection === 1 && n === 1 ? socket.write(OK) : fin(socket))),
    outcome: failed(CLOSED),
    connections: 2,
  },
  {
    name: "answers a byte on the used connection, and resets",
    serve: serveOnce((socket) => socket.write("H", () => setTimeout(rst, 50, socket))),
    outcome: failed(RESET),
    connections: 1,
  },
  {
    name: "says nothing on the used connection",
    serve: serveOnce(() => {}),
    outcome: failed(TIMED_OUT),
    connections: 1,
  },
  {
    name: "hangs up late on the used connection, and stalls on the fresh one",
    serve: (socket, connection) =>
      onRequest(socket, (n) => {
        if (connection > 1) return;
        if (n === 1) socket.write(OK);
        else setTimeout(fin, 6000, socket);
      }),
    outcome: failed(TIMED_OUT),
    connections: 2,
  },
  {
    name: "keep-alive of no time at all",
    serve: serveOnce(rst, okWith("keep-alive: timeout=0\r\n")),
    outcome: delivered(),
    connections: 2,
  },
  {
    name: "keep-alive of a second",
    serve: serveOnce(rst, okWith("keep-alive: timeout=1\r\n")),
    outcome: delivered(),
    connections: 2,
  },
  {
    name: "keep-alive of a year, then a reset",
    serve: answersAndThen(rst, okWith("keep-alive: timeout=31536000\r\n")),
    outcome: delivered(),
    connections: 2,
  },
  {
    name: "connection: close, and open all the same",
    serve: serveOnce(() => {}, okWith("connection: close\r\n")),
    outcome: delivered(),
    connections: 2,
  },
];

/** Answers that nobody asked for. None may be taken for the answer to the next request. */
const unasked: readonly Omit<Misbehaviour, "attempts">[] = [
  {
    name: "two answers to one request, together",
    serve: serveOnce(() => {}, OK + WRONG),
    outcome: delivered(),
    connections: 2,
  },
  {
    name: "a body longer than its length",
    serve: serveOnce(() => {}, `${OK}${"x".repeat(100)}`),
    outcome: delivered(),
    connections: 2,
  },
  {
    name: "a body with an answer in its overlength",
    serve: serveOnce(() => {}, OK + WRONG.repeat(50)),
    outcome: delivered(),
    connections: 2,
  },
  {
    name: "an answer between two requests",
    serve: answersAndThen((socket) => socket.write(WRONG)),
    outcome: delivered(),
    connections: 2,
  },
  {
    name: "an unfinished answer between two requests",
    serve: answersAndThen((socket) => socket.write("HTTP/1.1 5")),
    outcome: delivered(),
    connections: 2,
  },
  {
    name: "a 100 between two requests",
    serve: answersAndThen((socket) => socket.write("HTTP/1.1 100 Continue\r\n\r\n")),
    outcome: delivered(),
    connections: 2,
  },
  {
    name: "noise between two requests",
    serve: answersAndThen((socket) => socket.write("noise")),
    outcome: delivered(),
    connections: 2,
  },
  {
    name: "an answer between two requests, over TLS",
    tls: goodIdentity,
    serve: answersAndThen((socket) => socket.write(WRONG)),
    outcome: delivered(),
    connections: 2,
  },
  {
    name: "a 204 with a body, and a request after it",
    serve: serveOnce(() => {}, "HTTP/1.1 204 No\r\ncontent-length: 2\r\n\r\nok"),
    outcome: delivered(204),
    connections: 2,
  },
];

export const keptConnections: readonly Misbehaviour[] = [
  ...[...reused, ...unasked].map((one) => ({ ...one, attempts: 2 })),
  {
    // It answers its own delivery, so this harms nobody else.
    name: "an answer ahead of the first request",
    serve: (socket) => void socket.write(OK),
    outcome: delivered(),
  },
];
