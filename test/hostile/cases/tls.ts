import type { Socket } from "node:net";
import { TLSSocket } from "node:tls";
import {
  CLOSED,
  delivered,
  drip,
  failed,
  fin,
  goodIdentity,
  identity,
  type Misbehaviour,
  OK,
  onRequest,
  pem,
  rst,
  says,
  TIMED_OUT,
  tcpOf,
} from "../case.ts";

const HANGUP = "connection closed during the TLS handshake";
const UNTRUSTED = "certificate is not trusted";
const NOT_TLS = "the port does not speak TLS";
const INVALID = "certificate is not made for this use";
const NO_VERSION = "no TLS version in common: 1.2 or 1.3 is needed";
const NO_CIPHER = "TLS refused by the server: no cipher in common, most likely";
const WEAK = "certificate has a key or a signature that is too weak";

/** Servers whose certificate, or whose idea of TLS, is not acceptable. `serve` is never reached. */
const refusedIdentities: readonly Omit<Misbehaviour, "serve">[] = [
  { name: "an expired certificate", tls: identity("expired"), outcome: failed("certificate expired") },
  {
    name: "a certificate of the future",
    tls: identity("future"),
    outcome: failed("certificate is not valid yet"),
  },
  {
    name: "another host's certificate",
    tls: identity("elsewhere"),
    outcome: failed("certificate is for another host"),
  },
  {
    name: "a self-signed certificate",
    tls: { key: pem("key"), cert: pem("cert") },
    outcome: failed("certificate is self-signed"),
  },
  {
    name: "a root that nobody trusts, shown",
    tls: identity("foreign", "foreign-root"),
    outcome: failed(UNTRUSTED),
  },
  { name: "a root that nobody trusts, not shown", tls: identity("foreign"), outcome: failed(UNTRUSTED) },
  { name: "no intermediate certificate", tls: identity("leaf"), outcome: failed(UNTRUSTED) },
  {
    name: "an issuer that is no authority",
    tls: identity("not-by-a-ca", "no-intermediate"),
    outcome: failed(INVALID),
  },
  {
    name: "an issuer for other names only",
    tls: identity("constrained", "constrained-intermediate"),
    outcome: failed(INVALID),
  },
  { name: "a certificate for clients", tls: identity("for-clients"), outcome: failed(INVALID) },
  {
    name: "a signature by SHA-1",
    tls: { ...identity("sha1"), ciphers: "DEFAULT@SECLEVEL=0" },
    outcome: failed(WEAK),
  },
  {
    name: "an RSA key of 1024 bits",
    tls: { key: pem("hostile/rsa1024-key"), cert: pem("hostile/rsa1024"), ciphers: "DEFAULT@SECLEVEL=0" },
    outcome: failed(WEAK),
  },
  {
    name: "a certificate chain of 1 MB",
    tls: identity("leaf", ...Array.from({ length: 2000 }, () => "intermediate")),
    outcome: failed("TLS failed: the certificate chain is too large"),
    copies: 10,
  },
  {
    name: "TLS 1.0 only",
    tls: { ...goodIdentity, minVersion: "TLSv1", maxVersion: "TLSv1", ciphers: "DEFAULT@SECLEVEL=0" },
    outcome: failed(NO_VERSION),
  },
  {
    name: "TLS 1.1 only",
    tls: { ...goodIdentity, minVersion: "TLSv1.1", maxVersion: "TLSv1.1", ciphers: "DEFAULT@SECLEVEL=0" },
    outcome: failed(NO_VERSION),
  },
  {
    name: "no cipher in common",
    tls: { ...goodIdentity, maxVersion: "TLSv1.2", ciphers: "ECDHE-ECDSA-AES128-CCM8:@SECLEVEL=0" },
    outcome: failed(NO_CIPHER),
  },
];

/** By its number (RFC 8446 §6), in place of a ServerHello. */
const alerts: readonly (readonly [number: number, meaning: string, error: string])[] = [
  [10, "unexpected message", "TLS refused by the server: unexpected message"],
  [40, "handshake failure", NO_CIPHER],
  [42, "bad certificate", "TLS refused by the server: bad certificate"],
  [47, "illegal parameter", "TLS refused by the server: illegal parameter"],
  [48, "unknown authority", "TLS refused by the server: unknown ca"],
  [49, "access denied", "TLS refused by the server: access denied"],
  [50, "decode error", "TLS refused by the server: decode error"],
  [70, "protocol version", NO_VERSION],
  [71, "insufficient security", NO_CIPHER],
  [80, "internal error", "TLS refused by the server: internal error"],
  [86, "inappropriate fallback", "TLS refused by the server: inappropriate fallback"],
  [109, "missing extension", "TLS refused by the server: missing extension"],
  [112, "unrecognized name", "TLS refused by the server: it does not know this host name"],
  [116, "certificate required", "TLS refused by the server: a client certificate is required"],
  [120, "no application protocol", "TLS refused by the server: no application protocol"],
];

const record = (type: number, body: Buffer) => {
  const head = Buffer.from([type, 3, 3, 0, 0]);
  head.writeUInt16BE(body.length, 3);
  return Buffer.concat([head, body]);
};
const raw = (bytes: Buffer, then?: (socket: Socket) => void) => (socket: Socket) => {
  socket.once("data", () => socket.write(bytes, () => then?.(socket)));
};

/** Bytes that are no TLS, or a handshake that does not get anywhere. */
const brokenHandshakes: readonly Misbehaviour[] = [
  ...alerts.map(([number, meaning, error]) => ({
    name: `TLS alert ${number}: ${meaning}`,
    serve: raw(record(21, Buffer.from([2, number])), fin),
    outcome: failed(error),
  })),
  { name: "a handshake that stalls", serve: (socket: Socket) => socket.resume(), outcome: failed(TIMED_OUT) },
  {
    name: "a handshake at a byte a second",
    serve: raw(Buffer.alloc(0), (s) => drip(s, record(22, Buffer.alloc(9000, 2)))),
    outcome: failed(TIMED_OUT),
  },
  { name: "hangs up at the ClientHello", serve: raw(Buffer.alloc(0), fin), outcome: failed(HANGUP) },
  {
    name: "resets at the ClientHello",
    serve: (socket: Socket) => socket.once("data", () => rst(socket)),
    outcome: failed(HANGUP),
  },
  {
    name: "close_notify at the ClientHello",
    serve: raw(record(21, Buffer.from([1, 0])), fin),
    outcome: failed(HANGUP),
  },
  {
    name: "plain HTTP on the TLS port",
    serve: raw(Buffer.from("HTTP/1.1 400 Bad Request\r\n\r\n")),
    outcome: failed(NOT_TLS),
  },
  {
    name: "SSH on the TLS port",
    serve: raw(Buffer.from("SSH-2.0-OpenSSH_9.6\r\n")),
    outcome: failed(NOT_TLS),
  },
  { name: "noise on the TLS port", serve: raw(Buffer.alloc(5000, 0x9d)), outcome: failed(NOT_TLS) },
  {
    name: "a handshake of noise",
    serve: raw(record(22, Buffer.alloc(5000, 0x9d))),
    outcome: failed("TLS failed: unexpected message"),
  },
  {
    name: "handshake records without end",
    serve: raw(Buffer.alloc(0), (s) =>
      flood(s, record(22, Buffer.from([2, 0, 255, 255, ...Array(1000).fill(3)]))),
    ),
    outcome: failed("TLS failed: bad length"),
    copies: 5,
  },
  {
    name: "empty records without end",
    serve: raw(Buffer.alloc(0), (s) => flood(s, record(22, Buffer.alloc(0)))),
    outcome: failed("TLS failed: record too small"),
    copies: 5,
  },
  {
    name: "warnings without end",
    serve: raw(Buffer.alloc(0), (s) => flood(s, record(21, Buffer.from([1, 90])))),
    outcome: failed("TLS failed: too many warn alerts"),
    copies: 5,
  },
];

function flood(socket: Socket, bytes: Buffer) {
  const chunk = Buffer.concat(Array.from({ length: 500 }, () => bytes));
  function pump() {
    while (!socket.destroyed && socket.write(chunk));
  }
  socket.on("drain", pump);
  pump();
}

/** What goes wrong once TLS stands. */
const afterwards: readonly Misbehaviour[] = [
  { name: "TLS: says nothing", serve: (socket: Socket) => socket.resume(), outcome: failed(TIMED_OUT) },
  {
    name: "TLS: close_notify ahead of the answer",
    serve: (socket: Socket) => onRequest(socket, () => fin(socket)),
    outcome: failed(CLOSED),
  },
  {
    name: "TLS: a reset ahead of the answer",
    serve: (socket: Socket) => onRequest(socket, () => rst(socket)),
    outcome: failed("connection reset"),
  },
  {
    name: "TLS: cut off without close_notify",
    serve: says("HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\npart", (s) => cutOff(s)),
    outcome: failed(CLOSED, 200),
  },
  {
    name: "TLS 1.2: negotiates anew",
    tls: { ...goodIdentity, maxVersion: "TLSv1.2" as const },
    serve: (socket: Socket) =>
      onRequest(socket, () => {
        if (socket instanceof TLSSocket) socket.renegotiate({}, () => socket.write(OK));
      }),
    outcome: delivered(),
  },
  {
    name: "TLS 1.2 is good enough",
    tls: { ...goodIdentity, maxVersion: "TLSv1.2" as const },
    serve: says(OK),
    outcome: delivered(),
  },
  {
    name: "wants a client certificate",
    tls: { ...goodIdentity, requestCert: true, rejectUnauthorized: true },
    serve: says(OK),
    outcome: failed(CLOSED),
  },
  {
    name: "TLS: a body without end",
    serve: says("HTTP/1.1 200 OK\r\n\r\n", (s) => flood(s, Buffer.alloc(1000))),
    outcome: delivered(),
    copies: 20,
  },
];

const cutOff = (socket: Socket) => void tcpOf(socket).destroy();

export const tls: readonly Misbehaviour[] = [
  ...refusedIdentities.map((one) => ({ ...one, serve: says(OK) })),
  ...brokenHandshakes.map((one) => ({ ...one, scheme: "https" as const })),
  ...afterwards.map((one) => ({ tls: goodIdentity, ...one })),
  {
    name: "TLS on the plain port",
    tls: goodIdentity,
    scheme: "http",
    serve: says(OK),
    outcome: failed(CLOSED),
  },
];
