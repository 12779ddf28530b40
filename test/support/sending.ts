import { once } from "node:events";
import { createServer, type LookupFunction, type Socket } from "node:net";
import { setImmediate } from "node:timers/promises";
import { onTestFinished } from "vitest";
import { createSender } from "../../shared/http/send.ts";
import { openRules } from "./outgoing.ts";
import { startReceiver } from "./receiver.ts";

export * from "./outgoing.ts";

/** What the tests of the sender share. All that is started here closes itself when the test is over. */
export function sender(options: Partial<Parameters<typeof createSender>[0]> = {}) {
  const made = createSender({ rules: openRules, userAgent: "claimr-webhooks/test", ...options });
  onTestFinished(() => made.close());
  return made;
}

export async function receiver(...given: Parameters<typeof startReceiver>) {
  const started = await startReceiver(...given);
  onTestFinished(() => started.close());
  return started;
}

/** A TCP server that is no HTTP server. */
export async function rawServer(onConnection: (socket: Socket) => void, host = "127.0.0.1", port = 0) {
  const sockets: Socket[] = [];
  const server = createServer((socket) => {
    sockets.push(socket.on("error", () => {}));
    onConnection(socket);
  });
  await once(server.listen(port, host), "listening");
  onTestFinished(async () => {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  });
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  return { port: address.port, url: `http://127.0.0.1:${address.port}/`, sockets };
}

/** Answers the first bytes of every connection with the same ones. */
export const rawAnswer = (text: string, then?: (socket: Socket) => void) =>
  rawServer((socket) =>
    socket.once("data", () => {
      socket.write(text, () => then?.(socket));
    }),
  );

export const resolvingTo =
  (...addresses: string[]): LookupFunction =>
  (_hostname, _options, callback) =>
    callback(
      null,
      addresses.map((address) => ({ address, family: address.includes(":") ? 6 : 4 })),
    );

/** undici lets one turn of the event loop pass before it uses a connection again. */
export async function connectionIsFree() {
  await setImmediate();
  await setImmediate();
}
