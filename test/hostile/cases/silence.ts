import {
  CLOSED,
  drip,
  drips,
  failed,
  fin,
  MAX_EVENT_BYTES,
  type Misbehaviour,
  onRequest,
  RESET,
  rst,
  says,
  TIMED_OUT,
} from "../case.ts";

const timedOut = failed(TIMED_OUT);

/** Receivers that say nothing, too little, or too slowly; and such as hang up. */
export const silence: readonly Misbehaviour[] = [
  { name: "accepts and says nothing", serve: (socket) => socket.resume(), outcome: timedOut },
  {
    name: "never reads, so that a large body fills the buffers",
    serve: (socket) => socket.pause(),
    bodyBytes: 1_000_000,
    outcome: timedOut,
  },
  {
    name: "reads a body a little at a time",
    serve(socket) {
      socket.pause();
      const timer = setInterval(() => socket.read(1024), 1000);
      socket.on("close", () => clearInterval(timer));
    },
    bodyBytes: MAX_EVENT_BYTES,
    outcome: timedOut,
  },
  { name: "half a status line", serve: says("HTTP/1.1 2"), outcome: timedOut },
  { name: "a status line at a byte a second", serve: drips("HTTP/1.1 200 OK\r\n\r\n"), outcome: timedOut },
  {
    name: "headers at a byte a second",
    serve: says("HTTP/1.1 200 OK\r\nx: ", (s) => drip(s, "y")),
    outcome: timedOut,
  },
  { name: "headers that stop", serve: says("HTTP/1.1 200 OK\r\nx: y\r\n"), outcome: timedOut },
  { name: "hangs up at once", serve: fin, outcome: failed(CLOSED), connections: 1 },
  { name: "resets at once", serve: rst, outcome: failed(RESET), connections: 1 },
  {
    name: "hangs up after the request",
    serve: (socket) => onRequest(socket, () => fin(socket)),
    outcome: failed(CLOSED),
    connections: 1,
  },
  {
    name: "resets after the request",
    serve: (socket) => onRequest(socket, () => rst(socket)),
    outcome: failed(RESET),
    connections: 1,
  },
  {
    name: "resets in the middle of the request",
    serve: (socket) => socket.once("data", () => rst(socket)),
    bodyBytes: MAX_EVENT_BYTES,
    outcome: failed(RESET),
    connections: 1,
  },
  {
    name: "half-closes ahead of its answer",
    serve: (socket) =>
      onRequest(socket, () => {
        socket.end();
      }),
    outcome: failed(CLOSED),
    connections: 1,
  },
  {
    name: "hangs up within the status line",
    serve: says("HTTP/1.1 20", fin),
    outcome: failed(CLOSED),
    connections: 1,
  },
  {
    name: "hangs up within the headers",
    serve: says("HTTP/1.1 200 OK\r\nx: y", fin),
    outcome: failed(CLOSED),
    connections: 1,
  },
  {
    name: "hangs up within the body",
    serve: says("HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\npart", fin),
    outcome: failed(CLOSED, 200),
  },
];
