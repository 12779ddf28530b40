import type { LookupFunction } from "node:net";
import { isPublicAddress } from "../domain/endpoint-url.ts";

/** Our own refusal to connect, as opposed to the receiver's. */
export class PrivateAddressError extends Error {
  override readonly name = "PrivateAddressError";
  readonly code = "PRIVATE_ADDRESS";
}

/**
 * A look-up that fails unless every address of the host is public, and hands the vetted addresses to the
 * socket: what was checked is what is connected to, whatever the name resolves to a moment later (DNS
 * rebinding).
 */
export function publicOnly(lookup: LookupFunction): LookupFunction {
  return function lookupPublic(hostname, options, callback) {
    lookup(hostname, { ...options, all: true }, function vet(error, found) {
      if (error) return callback(error, []);
      const vetted =
        Array.isArray(found) && found.length > 0 && found.every(({ address }) => isPublicAddress(address));
      return vetted ? callback(null, found) : callback(new PrivateAddressError(), []);
    });
  };
}
