import { isIP, type LookupFunction } from "node:net";
import { addressProblem } from "../domain/address.ts";

/**
 * Our own refusal to connect, as opposed to the receiver's. Its message is for the endpoint's owner: it says
 * which kind of address the name has and never which address, so that nobody draws a map of our network with
 * names that only our resolver knows.
 */
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
    let answered = false;
    lookup(hostname, { ...options, all: true }, function vet(error, found) {
      // The socket would take a second answer for its own and connect anew.
      if (answered) return;
      answered = true;
      if (error) return callback(error, []);
      const addresses = Array.isArray(found) ? found.map(({ address }) => address) : [];
      const problem = answerProblem(addresses);
      if (problem !== undefined) return callback(new PrivateAddressError(problem), []);
      // The family as the address has it, not as the resolver says.
      callback(
        null,
        addresses.map((address) => ({ address, family: isIP(address) })),
      );
    });
  };
}

function answerProblem(addresses: readonly string[]): string | undefined {
  if (addresses.length === 0) return "host has no address";
  const problem = addresses.map(addressProblem).find((one) => one !== undefined);
  return problem && `address is not public: ${problem}`;
}
