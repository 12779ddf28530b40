import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { basename } from "node:path";
import { fileURLToPath } from "node:url";

export interface Child {
  /** Sends one message and resolves with the next one that comes back. @throws when the process ends instead */
  ask(message: object): Promise<unknown>;
  stop(): Promise<void>;
}

/**
 * A module in a process of its own, so that its CPU is not the sender's. It says one thing when it is ready.
 * @param options.isMute what it prints goes to /dev/null, save for errors
 * @throws when it ends before it is ready
 */
export async function startChild(module: URL, options: { readonly isMute?: boolean } = {}) {
  const process: ChildProcess = fork(fileURLToPath(module), {
    execArgv: ["--disable-warning=ExperimentalWarning"],
    serialization: "advanced",
    stdio: ["ignore", options.isMute ? "ignore" : "inherit", "inherit", "ipc"],
  });
  const exited = once(process, "exit");
  const isGone = exited.then(([code, signal]) => {
    throw new Error(`${basename(module.pathname)} ended with ${code ?? signal}`);
  });
  isGone.catch(() => undefined);
  const nextMessage = async (): Promise<unknown> =>
    (await Promise.race([once(process, "message"), isGone]))[0];

  const ready = await nextMessage();
  const child: Child = {
    async ask(message) {
      const answer = nextMessage();
      process.send(message);
      return answer;
    },
    async stop() {
      if (process.connected) process.disconnect();
      await exited;
    },
  };
  return { child, ready };
}
