import type { Dispatcher } from "undici";
import errors from "undici/lib/core/errors.js";
import Client from "undici/lib/dispatcher/client.js";
import { type AnswerBytes, watchAnswers } from "./answer-bytes.ts";
import { AnswerTooLongError, NoStatusError } from "./attempt-error.ts";
import type { Connect, Socket } from "./connect.ts";

export const MAX_KEPT_BYTES = 1024;
/** Servers of Node hang up after 5 s, most others later. A shorter `Keep-Alive: timeout` shortens it. */
export const MAX_IDLE_MS = 4000;

export interface Post {
  readonly path: string;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** What came of an answer so far. */
export interface Answer {
  status: number | null;
  retryAfter: string | undefined;
  /** The body's first chunks, of at least 1 KiB unless there is less. */
  kept: Buffer[];
}

/**
 * A connection that had served before was lost ahead of the answer's first byte. A server closes idle connections
 * as it likes, maybe just as we write (RFC 9112 §9.3.1), so that this says nothing about the receiver.
 */
export class StaleConnectionError extends Error {
  override readonly name = "StaleConnectionError";
}

export interface Connection {
  readonly origin: string;
  /**
   * POSTs and fills in the answer as far as it comes. The first one connects, and so does one that finds the
   * connection closed since.
   * @throws when no answer came, or not all of it; StaleConnectionError when a fresh connection is to be tried
   */
  post(request: Post, answer: Answer): Promise<void>;
  /** Whether its socket can serve another request, as far as is known. */
  isOpen(): boolean;
  /** At once, whatever it is doing: looking up, connecting, or half-way through a request. */
  destroy(): void;
}

/** @param onLost its socket has been closed, by whichever side */
export function openConnection(origin: string, connect: Connect, onLost: () => void): Connection {
  let socket: Socket | undefined;
  let bytes: AnswerBytes | undefined;
  /** On the socket there is now. */
  let answersBefore = 0;

  const client = new Client(origin, {
    // A stalled receiver then holds up its own request only, not every delivery multiplexed with it.
    allowH2: false,
    // One timer rules the exchange; undici's own, which are coarser, stay out of it.
    headersTimeout: 0,
    bodyTimeout: 0,
    keepAliveTimeout: MAX_IDLE_MS,
    keepAliveMaxTimeout: MAX_IDLE_MS,
    connect(target, done) {
      answersBefore = 0;
      socket = connect(target, function connected(...outcome) {
        const [, opened] = outcome;
        if (opened) bytes = watchAnswers(opened);
        done(...outcome);
      });
    },
  }).on("disconnect", onLost);

  function post(request: Post, answer: Answer) {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    let isWritten = false;
    let keptBytes = 0;
    client.dispatch({ method: "POST", ...request }, {
      onRequestStart() {
        isWritten = true;
        bytes?.expectAnswer(function overrun() {
          if (answer.status === null) reject(new AnswerTooLongError());
          // The rest of its body is of no interest.
          else resolve();
        });
      },
      onResponseStart(controller, status, headers) {
        if (status < 200) return controller.abort(new NoStatusError(status));
        bytes?.expectBody();
        answer.status = status;
        answer.retryAfter = firstOf(headers["retry-after"]);
      },
      onResponseData(_controller, chunk) {
        if (keptBytes < MAX_KEPT_BYTES) answer.kept.push(chunk);
        keptBytes += chunk.length;
      },
      onResponseEnd() {
        answersBefore++;
        resolve();
      },
      onResponseError(_controller, error) {
        const isAhead = !isWritten || bytes?.count() === 0;
        // Trailers without end come after all that matters.
        if (answer.status !== null && error instanceof errors.HeadersOverflowError) resolve();
        else if (answersBefore > 0 && isAhead) reject(new StaleConnectionError("stale", { cause: error }));
        else reject(error);
      },
    } satisfies Dispatcher.DispatchHandler);
    return promise;
  }

  function destroy() {
    // undici does not know of a socket that is still being connected.
    socket?.destroy();
    void client.destroy();
  }

  return { origin, post, isOpen: () => socket?.destroyed === false, destroy };
}

const firstOf = (value: string | string[] | undefined) => (Array.isArray(value) ? value[0] : value);
