/**
 * Endings of names that are not in the public DNS, and never will be, each with who has said so. A name below
 * one could only ever mean something in a network of ours.
 */
const neverPublic = new Map([
  ["localhost", "the machine itself (RFC 6761)"],
  ["local", "multicast DNS in one network (RFC 6762)"],
  ["internal", "private networks (ICANN, 2024)"],
  ["intranet", "private networks (RFC 6762, appendix G)"],
  ["private", "private networks (RFC 6762, appendix G)"],
  ["corp", "private networks (RFC 6762, appendix G)"],
  ["home", "private networks (RFC 6762, appendix G)"],
  ["lan", "private networks (RFC 6762, appendix G)"],
  ["localdomain", "the machine itself (hosts files; AWS Lambda has sandbox.localdomain)"],
  ["arpa", "the internet's own infrastructure (RFC 3172), and home networks (home.arpa, RFC 8375)"],
  ["onion", "Tor (RFC 7686)"],
  ["alt", "names outside the DNS (RFC 9476)"],
  ["test", "tests (RFC 6761)"],
  ["invalid", "names that do not exist (RFC 6761)"],
  ["example", "documentation (RFC 6761)"],
]);

/**
 * Why a host name can never be a public one. `example.com` and its like can: they are in the public DNS.
 * @param name as URL writes it: lower case, Punycode; without a last dot
 * @returns undefined for a name that may be public; what it resolves to is another question
 */
export function specialUseProblem(name: string): string | undefined {
  const ending = name.slice(name.lastIndexOf(".") + 1);
  const meaning = neverPublic.get(ending);
  if (meaning !== undefined) return `names in "${ending}" are for ${meaning}`;
  if (ending === name) return "a name without a dot is one of a local network (RFC 7085)";
  return undefined;
}
