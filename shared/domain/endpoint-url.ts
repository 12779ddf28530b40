import ipaddr from "ipaddr.js";
import { addressProblem } from "./address.ts";
import type { EndpointRules } from "./endpoint-rules.ts";
import { specialUseProblem } from "./special-use-name.ts";

const MAX_URL_CHARACTERS = 2048;
const HTTPS_PORT = 443;

/**
 * Why this text cannot be an endpoint's URL, worded to follow "url": "must use https". It quotes what the
 * caller wrote, as URL spells it, and nothing else. A name that passes may still resolve to a private
 * address; only the look-up at connect time can tell (shared/http/public-lookup.ts).
 * @returns undefined for a URL that can be an endpoint
 */
export function endpointUrlProblem(text: string, rules: EndpointRules): string | undefined {
  if (text.length > MAX_URL_CHARACTERS) return `must be at most ${MAX_URL_CHARACTERS} characters`;
  const url = URL.parse(text);
  return (
    spellingProblem(text) ??
    (url === null ? "must be an absolute URL with a valid host" : urlProblem(text, url, rules))
  );
}

/** What URL would take without a word and mend: the URL called would not be the one that was registered. */
function spellingProblem(text: string): string | undefined {
  if (/[\s\p{Cc}]/u.test(text)) return "must not contain spaces or control characters";
  if (text.includes("\\")) return "must not contain a backslash, which some programs read as a slash";
  return undefined;
}

function urlProblem(text: string, url: URL, rules: EndpointRules): string | undefined {
  if (url.protocol !== "https:" && !(rules.allowPrivate && url.protocol === "http:")) {
    return rules.allowPrivate ? "must use http or https" : "must use https, so that nobody reads along";
  }
  // As it was written: URL drops an empty user name, and takes https:host for https://host.
  const authority = /^[a-z]+:\/\/([^/?#]+)/i.exec(text)?.[1];
  if (authority === undefined) return "must be an absolute URL, with // before the host";
  if (authority.includes("@")) return "must not contain a user name or password";
  if (url.href.includes("#")) return "must not have a fragment (#)";
  const host = url.hostname.replace(/\.$/, "");
  if (host.split(".").includes("")) return "must name a host without empty labels";
  return rules.allowPrivate ? undefined : publicTargetProblem(url, host, rules.ports);
}

function publicTargetProblem(url: URL, host: string, ports: readonly number[]): string | undefined {
  const port = url.port === "" ? HTTPS_PORT : Number(url.port);
  if (!ports.includes(port)) return `must use port ${ports.join(" or ")}, the ones open to endpoints`;
  // URL has already turned 0x7f.1, 2130706433 and the like into four decimal numbers.
  const literal = host.startsWith("[") ? host.slice(1, -1) : host;
  const problem = ipaddr.isValid(literal) ? addressProblem(literal) : specialUseProblem(host);
  return problem && `must not point to ${literal}: ${problem}`;
}
