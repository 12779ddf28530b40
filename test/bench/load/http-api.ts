import { Pool } from "undici";
import { codeOf } from "../../../infra/local/failure.ts";
import { SenderFailure } from "./sender.ts";

/** A publisher's own connections: what it costs to publish is not the sender's. */
const CONNECTIONS = 16;
const LOOPBACK = /^(localhost|127(\.\d+){3}|\[::1\])$/;

/** The API of a sender that runs on this machine. */
export interface HttpApi {
  /** @param body goes as it is @returns the answer's body @throws SenderFailure for any answer but 2xx */
  call(method: "POST" | "PUT", path: string, body: string): Promise<string>;
  close(): Promise<void>;
}

/** @throws SenderFailure for any other machine: load is for senders of one's own */
export function connectHttpApi(origin: string, headers: Record<string, string>): HttpApi {
  const url = URL.parse(origin);
  if (!url) throw new SenderFailure(`${origin} is no URL: write one like http://127.0.0.1:8071.`);
  if (!LOOPBACK.test(url.hostname)) {
    throw new SenderFailure(
      `Load only goes to this machine, and ${url.hostname} is another: run the sender here.`,
    );
  }
  const pool = new Pool(url.origin, { connections: CONNECTIONS, pipelining: 1 });
  const allHeaders = { "content-type": "application/json", ...headers };

  return {
    async call(method, path, body) {
      const answer = await pool
        .request({ method, path, headers: allHeaders, body })
        .catch((error: unknown) => {
          if (codeOf(error) !== "ECONNREFUSED") throw error;
          throw new SenderFailure(`Nothing listens at ${origin}: start the sender there first.`);
        });
      const text = await answer.body.text();
      if (answer.statusCode >= 200 && answer.statusCode < 300) return text;
      throw new SenderFailure(`${method} ${path} answered ${answer.statusCode}: ${text}`);
    },
    close: () => pool.close(),
  };
}
