import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

export interface Child {
  /** Sends one message and resolves with the next one that comes back. */
  ask(message: object): Promise<unknown>;
  stop(): Promise<void>;
}

/** A module in a process of its own, so that its CPU is not the sender's. It says one thing when it is ready. */
export async function startChild(module: URL): Promise<{ child: Child; ready: unknown }> {
  const process: ChildProcess = fork(fileURLToPath(module), {
    execArgv: ["--disable-warning=ExperimentalWarning"],
    serialization: "advanced",
  });
  const [ready] = await once(process, "message");
  const child = {
    async ask(message: object) {
      const answer = once(process, "message");
      process.send(message);
      return (await answer)[0];
    },
    async stop() {
      const exited = once(process, "exit");
      process.disconnect();
      await exited;
    },
  };
  return { child, ready };
}
