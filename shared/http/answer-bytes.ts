import type { Socket } from "./connect.ts";

/** A receiver has nothing to say to us that is longer, headers included; what is beyond it is not read. */
const MAX_READ_BYTES = 64 * 1024;
/** Up to the end of the headers. undici's own limit counts no separators, so that empty headers cost it dear. */
const MAX_HEAD_BYTES = 16 * 1024;

/** 101 is not one of them: no answer follows it. */
const INTERIM = /^HTTP\/1\.[01] 1(?:0[02-9]|[1-9]\d)[ \r]/;
const INTERIM_START_BYTES = 13;
const NOTHING = Buffer.alloc(0);
const HEAD_END = "\r\n\r\n";

export interface AnswerBytes {
  /** Of the answer under way. */
  count(): number;
  /** A request is about to be written. @param onOverrun its answer is too long; the socket is destroyed next */
  expectAnswer(onOverrun: () => void): void;
  /** The headers of the final answer are in. */
  expectBody(): void;
}

/**
 * Stands between a socket and undici's parser, which takes all it gets by `read`.
 *
 * It ends answers that are too long wherever in them the length is: a chunk extension or a reason phrase without
 * end never surfaces in undici. And it takes out interim responses (1xx), because undici drops a connection on a
 * 100 that was not asked for, though a client must be able to parse one (RFC 9110 §15.2).
 */
export function watchAnswers(socket: Socket): AnswerBytes {
  const readAll = socket.read.bind(socket);
  let bytes = 0;
  let maxBytes = MAX_HEAD_BYTES;
  let onOverrun = () => {};
  /** Read from the socket, but beyond the limit of that moment. */
  let rest: Buffer | undefined;
  /** The start of an answer, until it is known not to be an interim response. */
  let start: Buffer | undefined;

  socket.read = function readAnswer(): Buffer | null {
    const chunk: Buffer | null = rest ?? readAll();
    rest = undefined;
    if (chunk === null) return null;
    const allowed = chunk.subarray(0, maxBytes - bytes);
    if (allowed.length === 0) {
      onOverrun();
      socket.destroy();
      return null;
    }
    if (allowed.length < chunk.length) rest = chunk.subarray(allowed.length);
    bytes += allowed.length;
    if (start === undefined) return allowed;
    const final = pastInterim(start.length === 0 ? allowed : Buffer.concat([start, allowed]));
    start = couldBeInterim(final) ? final : undefined;
    // An empty buffer would be fed to the parser; null would end its reading while there is a rest.
    if (start === undefined) return final;
    return rest === undefined ? null : readAnswer();
  };

  return {
    count: () => bytes,
    expectAnswer(then) {
      bytes = 0;
      maxBytes = MAX_HEAD_BYTES;
      start = NOTHING;
      onOverrun = then;
    },
    expectBody() {
      maxBytes = MAX_READ_BYTES;
    },
  };
}

const startOf = (bytes: Buffer) => bytes.toString("latin1", 0, INTERIM_START_BYTES);

function pastInterim(bytes: Buffer): Buffer {
  let rest = bytes;
  while (INTERIM.test(startOf(rest))) {
    const end = rest.indexOf(HEAD_END);
    if (end < 0) break;
    rest = rest.subarray(end + HEAD_END.length);
  }
  return rest;
}

function couldBeInterim(bytes: Buffer): boolean {
  const text = startOf(bytes);
  if (text.length === INTERIM_START_BYTES) return INTERIM.test(text);
  return text.slice(0, 7) === "HTTP/1.".slice(0, text.length) && (text[9] ?? "1") === "1";
}
