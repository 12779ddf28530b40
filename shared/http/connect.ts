import { isIP, type LookupFunction, connect as tcpConnect } from "node:net";
import { createSecureContext, type SecureContext, type TLSSocket, connect as tlsConnect } from "node:tls";
import type { buildConnector } from "undici";

/** Node's 250 ms would give up an address on another continent when the host has several. */
const ADDRESS_ATTEMPT_MS = 1000;
const KEPT_SESSIONS = 200;
/** A session carries the receiver's certificate, which may be as large as the receiver likes. */
const MAX_SESSION_BYTES = 8 * 1024;

/** The receiver hung up before TLS stood. Node gives it the code of any other reset. */
export class TlsHandshakeClosedError extends Error {
  override readonly name = "TlsHandshakeClosedError";
  readonly code = "TLS_HANDSHAKE_CLOSED";
}

export type Socket = ReturnType<typeof tcpConnect>;
export type Connect = (target: buildConnector.Options, done: buildConnector.Callback) => Socket;

/**
 * Opens sockets as undici's own connector does, with two differences: the socket is returned at once, so that
 * a look-up, a connect or a handshake under way can be given up; and there is no timer here, because the one
 * of the exchange covers it.
 */
export function createConnect(lookup: LookupFunction): Connect {
  const sessions = createSessions();
  /** One for all: each would hold some 100 kB. */
  let secureContext: SecureContext | undefined;

  function openTcp({ hostname, port }: buildConnector.Options): Socket {
    return tcpConnect({ host: hostname, port: Number(port) || 80, ...common(lookup) });
  }

  function openTls({ hostname, port }: buildConnector.Options): Socket {
    const key = `${hostname}:${port}`;
    secureContext ??= createSecureContext();
    const socket: TLSSocket = tlsConnect({
      host: hostname,
      port: Number(port) || 443,
      // RFC 6066 §3: no addresses, and no dot at the end.
      servername: isIP(hostname) ? "" : hostname.replace(/\.$/, ""),
      ALPNProtocols: ["http/1.1"],
      session: sessions.of(key),
      secureContext,
      ...common(lookup),
    });
    // Node emits it only once the certificate has been found good.
    return socket.on("session", (session: Buffer) => sessions.keep(key, session));
  }

  return function connect(target, done) {
    const isTls = target.protocol === "https:";
    const socket = isTls ? openTls(target) : openTcp(target);
    let isTcpOpen = false;

    function succeed() {
      socket.off("error", fail);
      done(null, socket);
    }
    function fail(error: Error) {
      socket.off(isTls ? "secureConnect" : "connect", succeed);
      done(isTls && isTcpOpen && isHangUp(error) ? new TlsHandshakeClosedError() : error, null);
    }
    socket.once("connect", () => {
      isTcpOpen = true;
    });
    return socket
      .setNoDelay(true)
      .once(isTls ? "secureConnect" : "connect", succeed)
      .once("error", fail);
  };
}

const common = (lookup: LookupFunction) => ({
  lookup,
  autoSelectFamily: true,
  autoSelectFamilyAttemptTimeout: ADDRESS_ATTEMPT_MS,
});

const isHangUp = (error: Error) => "code" in error && (error.code === "ECONNRESET" || error.code === "EPIPE");

/** TLS sessions to resume, which saves a receiver and us most of a handshake. The oldest make room. */
function createSessions() {
  const kept = new Map<string, Buffer>();
  return {
    of: (key: string) => kept.get(key),
    keep(key: string, session: Buffer) {
      if (session.length > MAX_SESSION_BYTES) return;
      kept.delete(key);
      kept.set(key, session);
      const [oldest] = kept.keys();
      if (kept.size > KEPT_SESSIONS && oldest !== undefined) kept.delete(oldest);
    },
  };
}
