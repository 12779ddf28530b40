import { fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import * as z from "zod";

const exchange = z.object({
  status: z.number().nullable(),
  error: z.string().nullable(),
  durationMs: z.number(),
});
const measurement = z.object({ rssBytes: z.number(), peakBytes: z.number(), resources: z.array(z.string()) });
const reply = z.object({ id: z.number(), result: z.unknown() });

export type Attempted = z.output<typeof exchange>;
export type Attempts = { readonly url: string; readonly attempts: number; readonly bodyBytes: number };

/** Starts sender-process.ts, which trusts hostile/root.pem. */
export function startSenderProcess() {
  const child = fork(fileURLToPath(new URL("sender-process.ts", import.meta.url)), {
    execArgv: ["--expose-gc", "--disable-warning=ExperimentalWarning"],
    env: { NODE_EXTRA_CA_CERTS: fileURLToPath(new URL("../support/tls/hostile/root.pem", import.meta.url)) },
  });
  const waiting = new Map<number, PromiseWithResolvers<unknown>>();
  let lastId = 0;
  child.on("message", (message) => {
    const { id, result } = reply.parse(message);
    waiting.get(id)?.resolve(result);
    waiting.delete(id);
  });
  child.on("exit", () => {
    for (const { reject } of waiting.values()) reject(new Error("the sender's process has died"));
  });

  function tell(command: object): Promise<unknown> {
    const told = Promise.withResolvers<unknown>();
    waiting.set(++lastId, told);
    child.send({ id: lastId, ...command });
    return told.promise;
  }

  return {
    send: async (attempts: Attempts) => z.array(exchange).parse(await tell({ do: "send", ...attempts })),
    measure: async () => measurement.parse(await tell({ do: "measure" })),
    /** Resolves with its exit code once it has ended by itself, which it does when nothing of it is left open. */
    async stop(): Promise<unknown> {
      child.disconnect();
      const [code] = await once(child, "exit");
      return code;
    },
  };
}
