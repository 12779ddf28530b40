import { lookup as dnsLookup } from "node:dns";
import type { LookupFunction } from "node:net";
import type { Exchange } from "../domain/delivery.ts";
import type { EndpointRules } from "../domain/endpoint-rules.ts";
import { endpointUrlProblem } from "../domain/endpoint-url.ts";
import { remember } from "../domain/remember.ts";
import { attemptErrorText, isOurMistake } from "./attempt-error.ts";
import { createConnect } from "./connect.ts";
import {
  type Answer,
  type Connection,
  MAX_KEPT_BYTES,
  openConnection,
  type Post,
  StaleConnectionError,
} from "./connection.ts";
import { createIdleConnections } from "./idle-connections.ts";
import { publicOnly } from "./public-lookup.ts";

const DEFAULT_TIMEOUT_MS = 10_000;
const REMEMBERED_URLS = 1_000;

export type OutgoingRequest = {
  readonly url: string;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
};

export type Sender = {
  /**
   * POSTs and resolves with what came of it, whatever the receiver does.
   * @throws for what is no receiver's doing: a request that HTTP cannot carry, no file descriptor left
   */
  send(outgoing: OutgoingRequest): Promise<Exchange>;
  /** Waits for the attempts under way, then closes every connection. */
  close(): Promise<void>;
};

/**
 * Makes attempts over connections that are kept alive between them, by origin.
 * @param timeoutMs for the whole exchange: DNS, connecting, TLS, headers and body, and a second connection when
 * a kept one turns out to be closed
 * @param lookup resolves a host to all of its addresses; dns.lookup unless told
 */
export function createSender({
  rules,
  userAgent,
  timeoutMs = DEFAULT_TIMEOUT_MS,
  lookup = dnsLookup,
}: {
  readonly rules: EndpointRules;
  readonly userAgent: string;
  readonly timeoutMs?: number;
  readonly lookup?: LookupFunction;
}): Sender {
  const connect = createConnect(rules.allowPrivate ? lookup : publicOnly(lookup));
  const idle = createIdleConnections();
  const targetOf = remember(function readUrl(url) {
    const problem = endpointUrlProblem(url, rules);
    if (problem !== undefined) return { problem };
    const { origin, pathname, search } = new URL(url);
    return { origin, path: pathname + search };
  }, REMEMBERED_URLS);
  const underWay = new Set<Promise<unknown>>();

  async function send(outgoing: OutgoingRequest): Promise<Exchange> {
    const startedAt = performance.now();
    const answer: Answer = { status: null, retryAfter: undefined, kept: [] };
    const attempted = attempt(outgoing, answer);
    underWay.add(attempted);
    const failure = await attempted.finally(() => underWay.delete(attempted));
    if (answer.status === null && failure === undefined)
      throw new Error("an attempt ended with neither answer nor error");
    return {
      status: answer.status,
      error: statusError(answer.status) ?? failure ?? null,
      durationMs: Math.round(performance.now() - startedAt),
      response: textOf(answer.kept),
      retryAfter: answer.retryAfter,
    };
  }

  /** Fills in the answer as far as it comes; returns why it did not come whole, if so. */
  async function attempt(outgoing: OutgoingRequest, answer: Answer): Promise<string | undefined> {
    // Asked again by each process: the rule may have been laxer when the endpoint was registered.
    const target = targetOf(outgoing.url);
    if (target.problem !== undefined) return `URL refused: ${target.problem}`;
    const headers = { "user-agent": userAgent, ...outgoing.headers };
    const connection = idle.take(target.origin) ?? open(target.origin);
    const exchange = post(connection, { path: target.path, headers, body: outgoing.body }, answer);
    let isReusable = false;
    try {
      const failure = await withinTime(exchange);
      isReusable = failure === undefined && connection.isOpen();
      return failure;
    } finally {
      if (isReusable) idle.keep(connection);
      else connection.destroy();
    }
  }

  function open(origin: string): Connection {
    const connection = openConnection(origin, connect, () => idle.forget(connection));
    return connection;
  }

  async function withinTime(exchange: Promise<string | undefined>): Promise<string | undefined> {
    const { promise: timedOut, resolve } = Promise.withResolvers<string>();
    const timer = setTimeout(() => resolve(`timed out after ${timeoutMs / 1000} s`), timeoutMs);
    return Promise.race([exchange, timedOut]).finally(() => clearTimeout(timer));
  }

  async function close(): Promise<void> {
    await Promise.allSettled(underWay);
    idle.destroyAll();
  }

  return { send, close };
}

/** @returns why the answer did not come whole, if so */
async function post(connection: Connection, request: Post, answer: Answer): Promise<string | undefined> {
  try {
    await connection.post(request, answer).catch(function tryAfresh(error) {
      if (!(error instanceof StaleConnectionError) || isOurMistake(error.cause)) throw error;
      // Should the receiver have got it twice, it knows by the webhook-id.
      return connection.post(request, answer);
    });
    return undefined;
  } catch (error) {
    const reason = error instanceof StaleConnectionError ? error.cause : error;
    if (isOurMistake(reason)) throw reason;
    return attemptErrorText(reason);
  }
}

function statusError(status: number | null): string | undefined {
  if (status === null || (status >= 200 && status <= 299)) return undefined;
  const redirect = [301, 302, 303, 307, 308].includes(status);
  return `answered ${status}${redirect ? " (redirects are not followed)" : ""}`;
}

/** At most 1 KiB of UTF-8, cut between characters. Bytes that are not UTF-8 become U+FFFD. */
function textOf(kept: readonly Buffer[]): string | null {
  if (kept.length === 0) return null;
  const bytes = Buffer.concat(kept).subarray(0, MAX_KEPT_BYTES);
  // "stream" leaves out a character whose end is missing.
  const text = new TextDecoder().decode(bytes, { stream: true });
  // A U+FFFD takes more room than the byte it stands for, so the text is measured again.
  const { read } = new TextEncoder().encodeInto(text, new Uint8Array(MAX_KEPT_BYTES));
  return text.slice(0, read) || null;
}
