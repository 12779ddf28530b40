import { createHash, createHmac, createSecretKey, type Hash, type Hmac, type KeyObject } from "node:crypto";

type Data = string | ArrayBuffer | ArrayBufferView;

/** One credential, and what is derived from it each day, for each service; more only while they change. */
const MAX_KEYS = 50;
const keys = new Map<Data, KeyObject>();

function keyOf(secret: Data): KeyObject {
  const known = keys.get(secret);
  if (known) return known;
  if (keys.size >= MAX_KEYS) keys.clear();
  const key = createSecretKey(typeof secret === "string" ? Buffer.from(secret) : bytesOf(secret));
  keys.set(secret, key);
  return key;
}

const bytesOf = (data: ArrayBuffer | ArrayBufferView) =>
  ArrayBuffer.isView(data)
    ? new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
    : new Uint8Array(data);

/**
 * SHA-256, with a secret HMAC-SHA256 (RFC 2104), for the SDK to sign its calls with: Signature Version 4 uses the same
 * two keys for each call, and making one from bytes takes four times as long as the signature does. The SDK's own class
 * makes them anew; it keeps the derived bytes, though, by which they are found here.
 */
export class Sha256 {
  readonly #secret: Data | undefined;
  #hash: Hash | Hmac;

  constructor(secret?: Data) {
    this.#secret = secret;
    this.#hash = this.#begin();
  }

  update(data: Data): void {
    this.#hash.update(typeof data === "string" ? data : bytesOf(data));
  }

  /** Only once, unless it is reset. */
  async digest(): Promise<Uint8Array> {
    return this.#hash.digest();
  }

  reset(): void {
    this.#hash = this.#begin();
  }

  #begin() {
    return this.#secret === undefined ? createHash("sha256") : createHmac("sha256", keyOf(this.#secret));
  }
}
