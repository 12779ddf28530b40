import { errors } from "undici";
import { PrivateAddressError } from "./public-lookup.ts";

/**
 * Error codes of node:net, node:dns, node:tls and undici, in the words an integrator reads in the delivery
 * log.
 */
const textOfCode = new Map([
  ["ENOTFOUND", "host not found"],
  ["EAI_AGAIN", "host name could not be resolved"],
  ["ECONNREFUSED", "connection refused"],
  ["ECONNRESET", "connection reset"],
  ["EPIPE", "connection reset"],
  ["ETIMEDOUT", "connection timed out"],
  ["UND_ERR_CONNECT_TIMEOUT", "connection timed out"],
  ["EHOSTUNREACH", "host unreachable"],
  ["ENETUNREACH", "host unreachable"],
  ["UND_ERR_SOCKET", "connection closed before the response was complete"],
  ["UND_ERR_HEADERS_OVERFLOW", "response headers are too large"],
  ["CERT_HAS_EXPIRED", "certificate expired"],
  ["CERT_NOT_YET_VALID", "certificate is not valid yet"],
  ["ERR_TLS_CERT_ALTNAME_INVALID", "certificate is for another host"],
  ["DEPTH_ZERO_SELF_SIGNED_CERT", "certificate is self-signed"],
  ["SELF_SIGNED_CERT_IN_CHAIN", "certificate is not trusted"],
  ["UNABLE_TO_GET_ISSUER_CERT", "certificate is not trusted"],
  ["UNABLE_TO_GET_ISSUER_CERT_LOCALLY", "certificate is not trusted"],
  ["UNABLE_TO_VERIFY_LEAF_SIGNATURE", "certificate is not trusted"],
  ["EPROTO", "TLS handshake failed"],
]);

const textOfCodePrefix: readonly (readonly [string, string])[] = [
  ["ERR_SSL_", "TLS handshake failed"],
  ["ERR_TLS_", "TLS handshake failed"],
];

/**
 * Why an attempt got no complete answer, fit to be shown to the endpoint's owner. Made from the error's code
 * alone, our own refusal's excepted: messages and stacks name addresses of our network.
 */
export function attemptErrorText(error: unknown): string {
  // undici's own type: it leaves out the code that node:http would give.
  if (error instanceof errors.HTTPParserError) return "malformed HTTP response";
  if (error instanceof PrivateAddressError) return error.message;
  const code = codeOf(error);
  if (code === undefined) return "connection failed";
  const prefixed = textOfCodePrefix.find(([prefix]) => code.startsWith(prefix));
  return textOfCode.get(code) ?? prefixed?.[1] ?? `connection failed (${code})`;
}

function codeOf(error: unknown): string | undefined {
  if (!(error instanceof Error) || !("code" in error)) return undefined;
  return typeof error.code === "string" ? error.code : undefined;
}
