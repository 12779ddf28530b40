import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import * as z from "zod";
import { log } from "../../../shared/log.ts";
import { closeServer, listen } from "../http-server.ts";
import type { Invoke } from "../lambda/lambda.ts";
import type { Service } from "../services/services.ts";
import type { RestApi } from "../template/wiring-api.ts";
import { authorize } from "./authorizer.ts";
import { GatewayProblem, toAnswer } from "./problem.ts";
import { parseTarget, readBody, toProxyEvent } from "./request.ts";
import { createRouter } from "./router.ts";

/**
 * How long a refused upload is read on, and thrown away, so that its sender sees the answer and not a reset.
 */
const LINGER_MS = 1_000;

/** What Lambda takes for one invocation: with its body in base64, a request of about 4.5 MB. */
const MAX_PAYLOAD_BYTES = 6 * 1_024 * 1_024;

const headerValue = z.union([z.string(), z.number(), z.boolean()]);
/** What a function must answer; anything else is a bad gateway, as on AWS. */
const proxyResult = z.object({
  statusCode: z.coerce.number().int().min(200).max(599),
  headers: z.record(z.string(), headerValue).nullish(),
  multiValueHeaders: z.record(z.string(), z.array(headerValue)).nullish(),
  body: z.string().nullish(),
  isBase64Encoded: z.boolean().nullish(),
});
type ProxyResult = z.infer<typeof proxyResult>;

export interface GatewayOptions {
  readonly api: RestApi;
  readonly invoke: Invoke;
  /** 0 takes any free port. */
  readonly port: number;
  /** What the gateway answers by itself, by path: these are the local run's own and not part of the API. */
  readonly ownPages?: Readonly<Record<string, object>>;
}

/** API Gateway's REST API with Lambda proxy integrations, on the loopback address. */
export async function startGateway({ api, invoke, port, ownPages = {} }: GatewayOptions): Promise<Service> {
  const findRoute = createRouter(api.routes);

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const target = parseTarget(request.url ?? "/");
    const method = request.method ?? "GET";
    const ownPage = method === "GET" ? ownPages[target.path] : undefined;
    if (ownPage) return sendResult(response, { statusCode: 200, body: JSON.stringify(ownPage, null, 2) });

    const match = findRoute(method, target.segments);
    if (!match) throw new GatewayProblem("MISSING_AUTHENTICATION_TOKEN");
    const { functionName, authorizer } = match.route;
    const context = authorizer && (await authorize(authorizer, request, target.path, invoke));
    const body = await readBody(request);
    const { binaryMediaTypes } = api;
    const event = toProxyEvent({ request, target, match, body, binaryMediaTypes, authorizer: context });
    if (Buffer.byteLength(JSON.stringify(event)) > MAX_PAYLOAD_BYTES)
      throw new GatewayProblem("REQUEST_TOO_LARGE");
    sendResult(response, await callFunction(functionName, event));
  }

  async function callFunction(functionName: string, event: unknown): Promise<ProxyResult> {
    try {
      return proxyResult.parse(await invoke(functionName, event));
    } catch (cause) {
      throw new GatewayProblem("INTEGRATION_FAILURE", { cause });
    }
  }

  const server = createServer(async function handleOrExplain(request, response) {
    try {
      await handle(request, response);
    } catch (error) {
      // A caller who hung up halfway needs no answer.
      if (request.destroyed && !request.complete) return;
      const problem =
        error instanceof GatewayProblem ? error : new GatewayProblem("INTEGRATION_FAILURE", { cause: error });
      logFault(request, problem);
      await sendProblem(request, response, toAnswer(problem, api.responses));
    }
  });
  return { url: await listen(server, port), stop: () => closeServer(server) };
}

/** Only what is our own fault: a refused call is the caller's business. */
function logFault({ method, url: path }: IncomingMessage, { type, cause }: GatewayProblem): void {
  if (cause === undefined || ["BAD_REQUEST", "UNAUTHORIZED"].includes(type)) return;
  log.error("gateway.failed", cause, { type, method, path });
}

function sendResult(response: ServerResponse, result: ProxyResult): void {
  const { statusCode, headers, multiValueHeaders, body, isBase64Encoded } = result;
  response.statusCode = statusCode;
  response.setHeader("Content-Type", "application/json");
  for (const [name, value] of Object.entries(headers ?? {})) response.setHeader(name, String(value));
  for (const [name, values] of Object.entries(multiValueHeaders ?? {}))
    response.setHeader(name, values.map(String));
  response.end(Buffer.from(body ?? "", isBase64Encoded ? "base64" : "utf8"));
}

async function sendProblem(
  request: IncomingMessage,
  response: ServerResponse,
  answer: ReturnType<typeof toAnswer>,
) {
  for (const name of response.getHeaderNames()) response.removeHeader(name);
  const headers = { ...answer.headers, "Content-Length": Buffer.byteLength(answer.body) };
  if (request.complete) {
    response.writeHead(answer.status, headers).end(answer.body);
    return;
  }
  // The answer is whole by its length, but ending it would close the socket under a caller who is still
  // sending.
  response.writeHead(answer.status, { ...headers, Connection: "close" }).write(answer.body);
  request.resume();
  await Promise.race([new Promise((resolve) => request.once("close", resolve)), sleep(LINGER_MS)]);
  response.end();
}
