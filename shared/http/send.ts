import { lookup as dnsLookup } from "node:dns";
import type { LookupFunction } from "node:net";
import { Agent, type Dispatcher, request } from "undici";
import type { Exchange } from "../domain/delivery.ts";
import { type EndpointRules, endpointUrlProblem } from "../domain/endpoint-url.ts";
import { attemptErrorText } from "./attempt-error.ts";
import { publicOnly } from "./public-lookup.ts";

const DEFAULT_TIMEOUT_MS = 10_000;
/** A receiver has nothing to say to us that is longer; what is beyond it is not waited for. */
const MAX_READ_BYTES = 64 * 1024;
const MAX_KEPT_BYTES = 1024;

export type OutgoingRequest = {
  readonly url: string;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
};

export type Sender = {
  /** POSTs once and resolves with what came of it; never rejects. */
  send(outgoing: OutgoingRequest): Promise<Exchange>;
  /** Waits for the attempts under way, then closes every connection. */
  close(): Promise<void>;
};

/**
 * Makes attempts over connections that are kept alive between them, by origin.
 * @param timeoutMs for the whole exchange: DNS, connecting, TLS, headers and body
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
  const agent = new Agent({
    // A stalled receiver then holds up its own connection only, not every delivery multiplexed on it.
    allowH2: false,
    // One timer rules the exchange; undici's own, which are coarser, stay out of it.
    headersTimeout: 0,
    bodyTimeout: 0,
    // Node's 250 ms would give up an address on another continent when the host has several.
    autoSelectFamily: true,
    autoSelectFamilyAttemptTimeout: 1000,
    connect: { timeout: timeoutMs, lookup: rules.allowPrivate ? lookup : publicOnly(lookup) },
  });

  async function send(outgoing: OutgoingRequest): Promise<Exchange> {
    const startedAt = performance.now();
    const answer: Answer = { status: null, retryAfter: undefined, kept: [] };
    const failure = await attempt(outgoing, answer);
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
    // Asked again at each attempt: the rule may have been laxer when the endpoint was registered.
    const problem = endpointUrlProblem(outgoing.url, rules);
    if (problem !== undefined) return `URL refused: ${problem}`;
    const controller = new AbortController();
    const { promise: timedOut, resolve } = Promise.withResolvers<string>();
    const timer = setTimeout(function giveUp() {
      // undici takes note of the abort only once it is connected (it then sends nothing): hence the race.
      resolve(`timed out after ${timeoutMs / 1000} s`);
      controller.abort();
    }, timeoutMs);
    const failure = await Promise.race([exchange(outgoing, answer, controller.signal), timedOut]);
    clearTimeout(timer);
    return failure;
  }

  async function exchange(outgoing: OutgoingRequest, answer: Answer, signal: AbortSignal) {
    try {
      const response = await request(outgoing.url, {
        method: "POST",
        headers: { "user-agent": userAgent, ...outgoing.headers },
        body: outgoing.body,
        dispatcher: agent,
        signal,
      });
      await readAnswer(response, answer);
      return undefined;
    } catch (error) {
      return attemptErrorText(error);
    }
  }

  return { send, close: () => agent.close() };
}

type Answer = { status: number | null; retryAfter: string | undefined; kept: Buffer[] };

async function readAnswer(response: Dispatcher.ResponseData, answer: Answer): Promise<void> {
  answer.status = response.statusCode;
  const retryAfter = response.headers["retry-after"];
  answer.retryAfter = Array.isArray(retryAfter) ? retryAfter[0] : retryAfter;
  let readBytes = 0;
  for await (const chunk of response.body) {
    if (readBytes < MAX_KEPT_BYTES) answer.kept.push(chunk);
    readBytes += chunk.length;
    // Leaving the loop destroys the body, and with it the connection.
    if (readBytes > MAX_READ_BYTES) return;
  }
}

function statusError(status: number | null): string | undefined {
  if (status === null || (status >= 200 && status <= 299)) return undefined;
  const redirect = [301, 302, 303, 307, 308].includes(status);
  return `answered ${status}${redirect ? " (redirects are not followed)" : ""}`;
}

/** At most 1 KiB of UTF-8, cut between characters. Bytes that are not UTF-8 become U+FFFD. */
function textOf(kept: readonly Buffer[]): string | null {
  const bytes = Buffer.concat(kept).subarray(0, MAX_KEPT_BYTES);
  // "stream" leaves out a character whose end is missing.
  const text = new TextDecoder().decode(bytes, { stream: true });
  // A U+FFFD takes more room than the byte it stands for, so the text is measured again.
  const { read } = new TextEncoder().encodeInto(text, new Uint8Array(MAX_KEPT_BYTES));
  return text.slice(0, read) || null;
}
