import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { text } from "node:stream/consumers";
import { Agent, request as send } from "undici";
import { closeServer, listen } from "../../../infra/local/http-server.ts";
import type { Answer, Call } from "./operations.ts";

/** `reset`: the connection breaks instead of an answer. `hang`: no answer ever comes. */
export type Outcome = Answer | "reset" | "hang";
/** @param forward hands the call on to the service, with another body if one is given */
export type Intercept = (call: Call, forward: (body?: string) => Promise<Answer>) => Promise<Outcome>;

/**
 * Stands between the SDK and the services, so that the SDK's own retries, timeouts and reading of errors are
 * part of what is tested. Which function made a call is told by Lambda's trace header, which the SDK passes on.
 */
export async function startProxies(services: Readonly<Record<"dynamodb" | "sqs" | "scheduler", string>>) {
  const worlds = new Map<string, Intercept>();
  const agent = new Agent({ connections: 256 });

  async function startProxy(target: string) {
    const server = createServer(function relay(request, response) {
      // Not caught: a mistake in the harness fails the run.
      void answer(request, response, target);
    });
    server.keepAliveTimeout = 120_000;
    return { url: await listen(server, 0), server };
  }

  async function answer(request: IncomingMessage, response: ServerResponse, target: string) {
    const call = toCall(request, await text(request));
    async function forward(body = call.body): Promise<Answer> {
      const { host: _, connection: __, "content-length": ___, ...headers } = request.headers;
      const method = request.method ?? "POST";
      const answered = await send(target + request.url, { method, headers, body, dispatcher: agent });
      const { "content-type": type = "", "x-amzn-errortype": error } = answered.headers;
      return {
        status: answered.statusCode,
        headers: { "content-type": String(type), ...(error && { "x-amzn-errortype": String(error) }) },
        body: await answered.body.text(),
      };
    }
    const intercept = worlds.get(call.world);
    if (!intercept) throw new Error(`A call of no known world: ${call.world} ${call.operation}`);
    const outcome = await intercept(call, forward);
    if (outcome === "hang") return;
    if (outcome === "reset") return void request.socket.resetAndDestroy();
    response.writeHead(outcome.status, outcome.headers).end(outcome.body);
  }

  const proxies = {
    dynamodb: await startProxy(services.dynamodb),
    sqs: await startProxy(services.sqs),
    scheduler: await startProxy(services.scheduler),
  };
  return {
    urls: { dynamodb: proxies.dynamodb.url, sqs: proxies.sqs.url, scheduler: proxies.scheduler.url },
    watch: (world: string, intercept: Intercept) => void worlds.set(world, intercept),
    async stop() {
      for (const { server } of Object.values(proxies)) server.closeAllConnections();
      await Promise.all(Object.values(proxies).map(({ server }) => closeServer(server)));
      await agent.close();
    },
  };
}

export type Proxies = Awaited<ReturnType<typeof startProxies>>;

const header = (value: string | string[] | undefined) => String(value ?? "");

function toCall(request: IncomingMessage, body: string): Call {
  const [world = "", fn = "", invocation = ""] = header(request.headers["x-amzn-trace-id"]).split("/");
  const target = header(request.headers["x-amz-target"]).split(".").at(-1);
  const schedule = request.method === "POST" ? "CreateSchedule" : `${request.method} ${request.url}`;
  const operation = target || schedule;
  return { world, fn, invocation, operation, id: header(request.headers["amz-sdk-invocation-id"]), body };
}

export const trace = (world: string, fn: string, invocation: string) => `${world}/${fn}/${invocation}`;
