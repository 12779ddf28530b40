import {
  answered,
  delivered,
  failed,
  goodIdentity,
  type Misbehaviour,
  OK,
  onRequest,
  says,
  TIMED_OUT,
} from "../case.ts";

/** Names and addresses that lead nowhere, late, or in too many ways. The hosts are those of sender-process.ts. */
export const network: readonly Misbehaviour[] = [
  {
    name: "a name that never resolves",
    host: "never.test",
    serve: says(OK),
    outcome: failed(TIMED_OUT),
    connections: 0,
  },
  {
    name: "a name that resolves in 9.9 s, and a slow answer",
    host: "late.test",
    serve: (socket) => onRequest(socket, () => setTimeout(() => socket.write(OK), 1000)),
    outcome: failed(TIMED_OUT),
    connections: 1,
  },
  {
    name: "a name that resolves in 9.9 s, and a TLS handshake that stalls",
    host: "late.test",
    scheme: "https",
    serve: (socket) => socket.resume(),
    outcome: failed(TIMED_OUT),
    connections: 1,
  },
  {
    name: "1,000 addresses that all refuse",
    host: "in-vain.test",
    serve: says(OK),
    outcome: failed("connection refused"),
    connections: 0,
  },
  {
    name: "1,000 addresses, of which the last answers",
    host: "the-last.test",
    serve: says(OK),
    outcome: delivered(),
    connections: 1,
  },
  {
    name: "1,000 times the same address, where TLS fails",
    host: "same.test",
    tls: goodIdentity,
    serve: says(OK),
    outcome: failed("certificate is for another host"),
  },
  {
    name: "connections that are not taken",
    neverAccepts: true,
    serve: says(OK),
    outcome: failed(TIMED_OUT),
    connections: 0,
  },
  {
    name: "connections that are not taken, at 1,000 addresses",
    neverAccepts: true,
    host: "same.test",
    serve: says(OK),
    outcome: failed(TIMED_OUT),
    connections: 0,
  },
  ...[301, 302, 303, 307, 308].map(
    (status): Misbehaviour => ({
      name: `${status} to elsewhere`,
      serve: says(
        `HTTP/1.1 ${status} Go\r\nlocation: /elsewhere\r\nrefresh: 0; url=/\r\nalt-svc: h2=":1"\r\ncontent-length: 0\r\n\r\n`,
      ),
      outcome: [status, `answered ${status} (redirects are not followed)`],
      connections: 1,
    }),
  ),
  {
    name: "a cookie, which must not come back",
    serve: (socket) =>
      onRequest(socket, (n, request) => {
        const status = /\r\ncookie:/i.test(request) ? 500 : n === 1 ? 200 : 201;
        socket.write(`HTTP/1.1 ${status} OK\r\nset-cookie: a=b\r\ncontent-length: 0\r\n\r\n`);
      }),
    attempts: 2,
    outcome: delivered(201),
    connections: 1,
  },
  {
    name: "410 with a body",
    serve: says("HTTP/1.1 410 Gone\r\ncontent-length: 2\r\n\r\nok"),
    outcome: answered(410),
  },
];
