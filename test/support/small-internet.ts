import type { LookupAddress } from "node:dns";
import { type LookupFunction, Socket } from "node:net";
import { onTestFinished } from "vitest";
import { type Answer, type Received, startReceiver } from "./receiver.ts";
import { rawServer } from "./sending.ts";
import { pem, trust } from "./tls.ts";

/** What the tests take for public addresses. No packet goes to them. */
export const PUBLIC = "93.184.215.14";
export const PUBLIC_IPV6 = "2606:4700::1111";

/** Beside 127.0.0.1, where a receiver listens on the same port. */
const CANARY = process.platform === "linux" ? "127.0.0.2" : "::1";

type Connect = (this: Socket, ...args: unknown[]) => Socket;

/**
 * An internet of two machines: a receiver at the public addresses, and a canary at every other address there
 * is. Only the last step is make-believe: where a socket is about to connect to what its look-up said, a
 * public address leads to the receiver's real loopback port, as a NAT would have it, and any other to the
 * canary's. The look-up, its vetting, the sockets, TLS and HTTP are the real ones.
 */
export async function smallInternet(answer?: (request: Received, n: number) => Answer) {
  trust(pem("hooks"));
  const receiver = await startReceiver(answer, { key: pem("key"), cert: pem("hooks") });
  onTestFinished(() => receiver.close());
  const port = Number(new URL(receiver.url()).port);
  const canary = await rawServer((socket) => socket.destroy(), CANARY, port);

  /** Every address that was handed to a socket to connect to. */
  const handed: LookupAddress[] = [];
  /** Where sockets went in the end. */
  const attempted: string[] = [];

  const behindNat = (lookup: LookupFunction): LookupFunction =>
    function natted(hostname, options, callback) {
      lookup(hostname, options, function translate(error, found) {
        if (error || !Array.isArray(found)) return callback(error, found);
        handed.push(...found);
        const isPublic = ({ address }: LookupAddress) => [PUBLIC, PUBLIC_IPV6].includes(address);
        callback(
          null,
          found.map((one) =>
            isPublic(one)
              ? // The family as it was handed over: a wrong one must not get by.
                { address: "127.0.0.1", family: one.address.includes(":") ? 4 : one.family }
              : { address: CANARY, family: CANARY.includes(":") ? 6 : 4 },
          ),
        );
      });
    };

  const { connect } = Socket.prototype;
  const watched: Connect = function (...args) {
    // net.connect hands over what it has already put in order; tls.connect the options themselves.
    const options = Array.isArray(args[0]) ? args[0][0] : args[0];
    if (options.lookup) options.lookup = behindNat(options.lookup);
    this.on("connectionAttempt", (address: string) => attempted.push(address));
    return (connect as Connect).apply(this, args);
  };
  Socket.prototype.connect = watched as typeof connect;
  onTestFinished(() => {
    Socket.prototype.connect = connect;
  });

  return {
    receiver,
    port,
    rules: { allowPrivate: false, ports: [port] },
    canaryHost: CANARY.includes(":") ? `[${CANARY}]` : CANARY,
    canaryConnections: () => canary.sockets.length,
    handed: () => handed.map(({ address }) => address),
    attempted: () => attempted,
    urlOf: (host: string) => `https://${host}:${port}/`,
  };
}

/** Resolves names to one answer after the other, the last one for good, and counts how often it was asked. */
export function resolver(...answers: readonly (readonly string[])[]) {
  let asked = 0;
  const lookup: LookupFunction = (_hostname, _options, callback) => {
    const answer = answers[Math.min(asked++, answers.length - 1)] ?? [];
    callback(
      null,
      answer.map((address) => ({ address, family: address.includes(":") ? 6 : 4 })),
    );
  };
  return { lookup, asked: () => asked };
}
