import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { text } from "node:stream/consumers";
import { Agent, request as send } from "undici";
import { closeServer, listen } from "../../../infra/local/http-server.ts";
import type { Exchange } from "./requests.ts";

const KEEP_ALIVE_MS = 120_000;

export interface CountingProxyOptions {
  readonly target: string;
  /** Changes a request on its way. */
  readonly amend?: (request: string) => string;
  readonly count: (exchange: Exchange) => void;
  /** Is told of a call that could not be relayed or counted: what was counted is then worth nothing. */
  readonly onFailure: (error: unknown) => void;
}

/** Stands between callers and a service, and tells of every call that was made: functions', poller's, Scheduler's. */
export async function startCountingProxy({
  target,
  amend = (request) => request,
  count,
  onFailure,
}: CountingProxyOptions) {
  const agent = new Agent({ connections: 256 });

  async function relay(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await text(request);
    const { host: _, connection: __, "content-length": ___, ...headers } = request.headers;
    const answered = await send(target + request.url, {
      method: request.method ?? "POST",
      headers,
      body: amend(body),
      dispatcher: agent,
    });
    const answer = await answered.body.text();
    const operation = String(request.headers["x-amz-target"]).split(".").at(-1) ?? "";
    count({ operation, request: body, status: answered.statusCode, answer });
    const { "content-type": type = "", "x-amzn-errortype": error } = answered.headers;
    response
      .writeHead(answered.statusCode, {
        "content-type": String(type),
        ...(error && { "x-amzn-errortype": String(error) }),
      })
      .end(answer);
  }

  const server = createServer((request, response) => {
    relay(request, response).catch((error: unknown) => {
      onFailure(error);
      response.destroy();
    });
  });
  server.keepAliveTimeout = KEEP_ALIVE_MS;
  return {
    url: await listen(server, 0),
    async stop() {
      server.closeAllConnections();
      await closeServer(server);
      await agent.close();
    },
  };
}
