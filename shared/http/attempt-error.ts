import errors from "undici/lib/core/errors.js";
import { PrivateAddressError } from "./public-lookup.ts";

/** The receiver sent more than we read, and no status yet. */
export class AnswerTooLongError extends Error {
  override readonly name = "AnswerTooLongError";
  readonly code = "ANSWER_TOO_LONG";
}

/** 101, after which no answer can come, or a status below 100. */
export class NoStatusError extends Error {
  override readonly name = "NoStatusError";
  readonly code: string;
  constructor(status: number) {
    super();
    this.code = status < 100 ? "STATUS_BELOW_100" : "PROTOCOL_SWITCHED";
  }
}

const closed = "connection closed before the response was complete";
const malformed = "malformed HTTP response";
const tooLarge = "response headers are too large";
const switched = "answered 101: the protocol must not be switched";
const untrusted = "certificate is not trusted";
const unfit = "certificate is not made for this use";
const weak = "certificate has a key or a signature that is too weak";

/** Error codes of node:net, node:dns, node:tls and undici, in the words an integrator reads in the delivery log. */
const textOfCode = new Map([
  ["ENOTFOUND", "host not found"],
  ["EAI_AGAIN", "host name could not be resolved"],
  ["EAI_FAIL", "host name could not be resolved"],
  ["ECONNREFUSED", "connection refused"],
  ["ECONNRESET", "connection reset"],
  ["EPIPE", "connection reset"],
  ["ETIMEDOUT", "connection timed out"],
  ["EHOSTUNREACH", "host unreachable"],
  ["ENETUNREACH", "host unreachable"],
  ["EADDRNOTAVAIL", "host unreachable"],
  ["UND_ERR_SOCKET", closed],
  ["UND_ERR_HEADERS_OVERFLOW", tooLarge],
  ["ANSWER_TOO_LONG", tooLarge],
  ["UND_ERR_RES_CONTENT_LENGTH_MISMATCH", "response has a wrong content-length"],
  ["STATUS_BELOW_100", malformed],
  ["PROTOCOL_SWITCHED", switched],
  ["TLS_HANDSHAKE_CLOSED", "connection closed during the TLS handshake"],
  ["CERT_HAS_EXPIRED", "certificate expired"],
  ["CERT_NOT_YET_VALID", "certificate is not valid yet"],
  ["ERR_TLS_CERT_ALTNAME_INVALID", "certificate is for another host"],
  ["DEPTH_ZERO_SELF_SIGNED_CERT", "certificate is self-signed"],
  ["SELF_SIGNED_CERT_IN_CHAIN", untrusted],
  ["UNABLE_TO_GET_ISSUER_CERT", untrusted],
  ["UNABLE_TO_GET_ISSUER_CERT_LOCALLY", untrusted],
  ["UNABLE_TO_VERIFY_LEAF_SIGNATURE", untrusted],
  ["CERT_SIGNATURE_FAILURE", untrusted],
  ["CERT_UNTRUSTED", untrusted],
  ["CERT_REJECTED", untrusted],
  ["CERT_CHAIN_TOO_LONG", untrusted],
  ["PATH_LENGTH_EXCEEDED", unfit],
  ["INVALID_CA", unfit],
  ["INVALID_PURPOSE", unfit],
]);

/** Where Node has no code, but OpenSSL's fixed words as the message. */
const textOfMessage = new Map([
  ["permitted subtree violation", unfit],
  ["excluded subtree violation", unfit],
  ["CA signature digest algorithm too weak", weak],
  ["EE certificate key too weak", weak],
  ["CA certificate key too weak", weak],
  ["bad upgrade", switched],
]);

const noVersion = "no TLS version in common: 1.2 or 1.3 is needed";
const noCipher = "TLS refused by the server: no cipher in common, most likely";
const noTls = "the port does not speak TLS";

/** OpenSSL's reasons for which there are better words than its own. */
const textOfTlsReason = new Map([
  ["WRONG_VERSION_NUMBER", noTls],
  ["HTTP_REQUEST", noTls],
  ["PACKET_LENGTH_TOO_LONG", noTls],
  ["ALERT_PROTOCOL_VERSION", noVersion],
  ["UNSUPPORTED_PROTOCOL", noVersion],
  ["ALERT_HANDSHAKE_FAILURE", noCipher],
  ["ALERT_INSUFFICIENT_SECURITY", noCipher],
  ["ALERT_CERTIFICATE_REQUIRED", "TLS refused by the server: a client certificate is required"],
  ["UNRECOGNIZED_NAME", "TLS refused by the server: it does not know this host name"],
  ["EXCESSIVE_MESSAGE_SIZE", "TLS failed: the certificate chain is too large"],
  ["EE_KEY_TOO_SMALL", weak],
  ["DH_KEY_TOO_SMALL", weak],
  ["NO_RENEGOTIATION", "TLS: the server asks to negotiate anew, which is not allowed"],
]);

/** ERR_SSL_, the version OpenSSL happened to define it with, and the reason. */
const TLS_CODE = /^ERR_SSL_(?:SSL\/TLS_|SSLV3_|TLSV1_|TLSV13_)?(.+)$/;

function tlsErrorText(code: string): string | undefined {
  const reason = TLS_CODE.exec(code)?.[1];
  if (reason === undefined)
    return code.startsWith("ERR_TLS_") || code === "EPROTO" ? "TLS failed" : undefined;
  const [, alert] = /^ALERT_(.+)$/.exec(reason) ?? [];
  const inWords = (alert ?? reason).toLowerCase().replaceAll("_", " ");
  return textOfTlsReason.get(reason) ?? `TLS ${alert ? "refused by the server" : "failed"}: ${inWords}`;
}

/**
/**
 * Why an attempt got no complete answer, fit to be shown to the endpoint's owner. Made from the error's code, from
 * messages that are known word for word, or from our own refusal: others name addresses of our network.
 */
export function attemptErrorText(error: unknown): string {
  // undici's own type: it leaves out the code that node:http would give.
  if (error instanceof errors.HTTPParserError) return malformed;
  if (error instanceof PrivateAddressError) return error.message;
  const code = codeOf(error);
  if (!(error instanceof Error) || code === undefined) return "connection failed";
  const known = textOfMessage.get(error.message) ?? textOfCode.get(code) ?? tlsErrorText(code);
  // OpenSSL's verdict on a certificate, of which there are more than Node has codes for.
  if (known === undefined && code === "UNSPECIFIED") return untrusted;
  return known ?? `connection failed (${code})`;
}

const OUR_CODES = ["EMFILE", "ENFILE", "ENOMEM", "ENOBUFS", "UND_ERR_NOT_SUPPORTED"];

/**
 * Whether it went wrong before anything left this machine, so that the receiver has no part in it: what HTTP
 * cannot carry, or a machine that has no room for another connection.
 */
export function isOurMistake(error: unknown): boolean {
  const code = codeOf(error);
  return code !== undefined && (OUR_CODES.includes(code) || /^(UND_ERR|ERR)_INVALID_/.test(code));
}

function codeOf(error: unknown): string | undefined {
  if (!(error instanceof Error) || !("code" in error)) return undefined;
  return typeof error.code === "string" ? error.code : undefined;
}
