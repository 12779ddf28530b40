import ipaddr from "ipaddr.js";

const MAX_URL_CHARACTERS = 2048;
/** The usual HTTPS ports. Any other would let an endpoint be aimed at a service that does not speak HTTP. */
const PUBLIC_PORTS = [443, 8443];
/** The one block IANA has given out for global unicast; ipaddr.js calls the unassigned rest "unicast" too. */
const GLOBAL_UNICAST_IPV6 = ipaddr.IPv6.parseCIDR("2000::/3");

/**
 * Whether the address can only be reached over the public internet. Closed: what the IANA special-purpose
 * registries (RFC 6890 and updates) list is not public, nor is an IPv6 address that carries an IPv4 one
 * (mapped, NAT64, 6to4, Teredo), whatever that one is.
 * @param address an IPv4 address as four decimal numbers, or an IPv6 address without brackets; any other text
 * is not public
 */
export function isPublicAddress(address: string): boolean {
  if (ipaddr.IPv4.isValidFourPartDecimal(address)) {
    return ipaddr.IPv4.parse(address).range() === "unicast";
  }
  if (!ipaddr.IPv6.isValid(address)) return false;
  const parsed = ipaddr.IPv6.parse(address);
  return parsed.range() === "unicast" && parsed.match(GLOBAL_UNICAST_IPV6);
}

/**
 * Why this text cannot be an endpoint's URL, worded to follow "url": "must use https". A name that passes may
 * still resolve to a private address; only the look-up at connect time can tell (shared/http/send.ts).
 * @param allowPrivate permits http, every port, and private hosts
 * @returns undefined for a URL that can be an endpoint
 */
export function endpointUrlProblem(text: string, allowPrivate: boolean): string | undefined {
  if (text.length > MAX_URL_CHARACTERS) return `must be at most ${MAX_URL_CHARACTERS} characters`;
  // URL would drop them without a word, and the URL called would not be the one that was registered.
  if (/[\s\p{Cc}]/u.test(text)) return "must not contain spaces or control characters";
  const url = URL.parse(text);
  if (url === null) return "must be an absolute URL";
  if (url.protocol !== "https:" && !(allowPrivate && url.protocol === "http:")) {
    return allowPrivate ? "must use http or https" : "must use https";
  }
  if (url.username !== "" || url.password !== "") return "must not contain a user name or password";
  if (url.href.includes("#")) return "must not have a fragment (#)";
  const host = url.hostname.replace(/\.+$/, "");
  if (host === "") return "must name a host";
  return allowPrivate ? undefined : publicTargetProblem(host, url.port);
}

/** @param port as URL gives it: empty for the scheme's own */
function publicTargetProblem(host: string, port: string): string | undefined {
  if (port !== "" && !PUBLIC_PORTS.includes(Number(port))) {
    return `must use port ${PUBLIC_PORTS.join(" or ")}`;
  }
  if (host === "localhost" || host.endsWith(".localhost")) return "must not point to localhost";
  // URL has already turned 0x7f.1, 2130706433 and the like into four decimal numbers.
  const literal = host.startsWith("[") ? host.slice(1, -1) : host;
  if (ipaddr.isValid(literal) && !isPublicAddress(literal)) {
    return "must not point to a private or reserved address";
  }
  return undefined;
}
