import ipaddr from "ipaddr.js";

/** What ipaddr.js calls a range, in words that say what the range is for and which rule gave it away. */
const meaningOfRange = new Map([
  ["unspecified", "the unspecified address, which is the machine itself (RFC 1122, RFC 4291)"],
  ["loopback", "loopback, which is the machine itself (RFC 1122, RFC 4291)"],
  ["private", "private network (RFC 1918)"],
  ["carrierGradeNat", "carrier-grade NAT (RFC 6598)"],
  ["linkLocal", "link-local (RFC 3927, RFC 4291), where clouds keep their metadata"],
  ["uniqueLocal", "private network (unique local, RFC 4193)"],
  ["deprecatedSiteLocal", "private network (site-local, RFC 3879)"],
  ["multicast", "multicast (RFC 5771, RFC 4291)"],
  ["broadcast", "broadcast (RFC 919)"],
  ["reserved", "reserved for documentation, benchmarking, protocols or the future (RFC 6890)"],
  ["benchmarking", "benchmarking (RFC 5180)"],
  ["discard", "discard-only (RFC 6666)"],
  ["segmentRouting", "segment routing inside a network (RFC 9602)"],
  ["as112", "AS112 name servers (RFC 7534, RFC 7535)"],
  ["as112v6", "AS112 name servers (RFC 7534, RFC 7535)"],
  ["amt", "multicast tunnelling (AMT, RFC 7450)"],
  ["deprecatedOrchid", "identifiers, not addresses (ORCHID, RFC 4843)"],
  ["orchid2", "identifiers, not addresses (ORCHIDv2, RFC 7343)"],
  ["droneRemoteIdProtocolEntityTags", "identifiers, not addresses (DRIP, RFC 9374)"],
  ["ipv4Mapped", "an IPv4 address wrapped in IPv6 (IPv4-mapped, RFC 4291)"],
  ["rfc6145", "an IPv4 address wrapped in IPv6 (IPv4-translated, RFC 6145)"],
  ["rfc6052", "an IPv4 address wrapped in IPv6 (NAT64, RFC 6052 and RFC 8215)"],
  ["6to4", "an IPv4 address wrapped in IPv6 (6to4, RFC 7526)"],
  ["teredo", "an IPv4 address wrapped in IPv6 (Teredo, RFC 4380)"],
]);

/** The one block IANA has given out for global unicast; ipaddr.js calls the unassigned rest "unicast" too. */
const GLOBAL_UNICAST_IPV6 = ipaddr.IPv6.parseCIDR("2000::/3");
/** Given back to IANA when the 6bone ended (RFC 3701), yet inside the block above. */
const FORMER_6BONE = ipaddr.IPv6.parseCIDR("3ffe::/16");
/** The third quarter of an address whose last is an IPv4 one, tunnelled to (RFC 5214 §6.1). */
const ISATAP_MARKS = ["0:5efe", "200:5efe"];
/** The one metadata address that lies in public space: Azure's WireServer and DNS. */
const AZURE_PLATFORM_ADDRESS = "168.63.129.16";

/**
 * Why an address is not one that is reached over the public internet alone. Closed: of what the IANA
 * special-purpose registries list (RFC 6890 and updates; as of October 2025), nothing passes, the few blocks
 * they call globally reachable included: those are anycast relays, name-server sinks and identifiers, no
 * place for a web server. Nor does an IPv6 address pass that carries an IPv4 one, whatever that one is: its
 * owner can write the IPv4 address.
 * @param address an IPv4 address as four decimal numbers, or an IPv6 address without brackets
 * @returns a category in plain English that does not repeat the address; undefined for a public one
 */
export function addressProblem(address: string): string | undefined {
  if (ipaddr.IPv4.isValidFourPartDecimal(address)) {
    if (address === AZURE_PLATFORM_ADDRESS) return "the platform address of Azure";
    return rangeProblem(ipaddr.IPv4.parse(address).range());
  }
  if (!isPlainIpv6(address)) return "not an IP address";
  const parsed = ipaddr.IPv6.parse(address);
  return rangeProblem(parsed.range()) ?? otherIpv6Problem(parsed);
}

export const isPublicAddress = (address: string): boolean => addressProblem(address) === undefined;

/**
 * The library also takes zones (RFC 4007), which pick an interface of our own machine, and decimals at the end
 * with zeros in front, which it reads as octal and a socket does not.
 */
function isPlainIpv6(address: string): boolean {
  const end = address.slice(address.lastIndexOf(":") + 1);
  const endsPlainly = !end.includes(".") || ipaddr.IPv4.isValidFourPartDecimal(end);
  return endsPlainly && !address.includes("%") && ipaddr.IPv6.isValid(address);
}

function rangeProblem(range: string): string | undefined {
  return range === "unicast" ? undefined : (meaningOfRange.get(range) ?? "a special-purpose address");
}

/** What stands in no range of the library. */
function otherIpv6Problem(address: ipaddr.IPv6): string | undefined {
  if (!address.match(GLOBAL_UNICAST_IPV6)) return "outside the public part of IPv6 (2000::/3, RFC 4291)";
  if (address.match(FORMER_6BONE)) return "outside the public part of IPv6 (the former 6bone, RFC 3701)";
  const mark = address.parts.slice(4, 6).map((part) => part.toString(16));
  if (ISATAP_MARKS.includes(mark.join(":"))) {
    return "an IPv4 address wrapped in IPv6 (ISATAP, RFC 5214)";
  }
  return undefined;
}
