import * as z from "zod/mini";
import { type AcceptedEvent, campaignId, scope } from "./event.ts";

const MAX_CAMPAIGNS = 100;

export const hookId = z
  .string()
  .check(z.regex(/^[A-Za-z0-9_-]{1,64}$/, "must be 1 to 64 of A–Z, a–z, 0–9, _ and -"));
/** DynamoDB keeps text as UTF-8, which has no lone surrogates: it would keep something else. */
export const MALFORMED = "must be valid Unicode";
export const campaigns = z
  .array(campaignId.check(z.refine((id) => id.isWellFormed(), MALFORMED)))
  .check(z.maxLength(MAX_CAMPAIGNS, `at most ${MAX_CAMPAIGNS} campaigns`));
/** Beyond these a signature header would grow without end; the oldest stop signing first. */
const MAX_LIVE_SECRETS = 10;
const SLOW_FOR_MS = 60_000;
/**
 * How long webhooks may be used that were changed without anybody hearing of it, as when a process dies between a
 * write and telling of it (docs/decisions/0011-cached-webhooks.md).
 */
export const MAX_KEPT_MS = 30_000;
export const status = z.enum(["active", "disabled"], { error: "must be active or disabled" });

/** A webhook as stored. */
export const webhook = z.object({
  account: z.string(),
  hook_id: hookId,
  /**
   * Tells a webhook from an earlier one with the same id: what was on its way to that one is not for this
   * one.
   */
  registration: z.string(),
  scope,
  urls: z.array(z.string()).check(z.minLength(1)),
  /** Endpoints that answered 410 Gone. They come back when `url` or `status: active` is set. */
  disabled_urls: z._default(z.array(z.string()), []),
  /** Endpoints that were slow to answer, and until when they count as slow. */
  slow_urls: z._default(z.array(z.object({ url: z.string(), until: z.iso.datetime() })), []),
  /** Empty: all campaigns. */
  campaigns,
  status,
  /** Newest first. All that have not expired sign. */
  secrets: z
    .array(z.object({ secret: z.string(), expires_at: z.optional(z.iso.datetime()) }))
    .check(z.minLength(1)),
  created_at: z.iso.datetime(),
  updated_at: z.iso.datetime(),
});
export type Webhook = z.infer<typeof webhook>;

/** What of a webhook may change, as it is stored. */
export type WebhookChange = Partial<Pick<Webhook, "scope" | "urls" | "campaigns" | "status">> &
  Pick<Webhook, "updated_at">;

/**
 * A webhook's secrets after a rotation: the new one first, those so far for the overlap at most, no expired
 * ones.
 */
export function rotateSecrets(
  current: Webhook["secrets"],
  secret: string,
  overlapSeconds: number,
  now: Date,
): Webhook["secrets"] {
  const end = new Date(now.getTime() + overlapSeconds * 1000).toISOString();
  const ending = current
    .map((old) => ({ ...old, expires_at: old.expires_at && old.expires_at < end ? old.expires_at : end }))
    .filter((old) => old.secret !== secret && isLive(old, now));
  return [{ secret }, ...ending].slice(0, MAX_LIVE_SECRETS);
}

const isLive = ({ expires_at }: Webhook["secrets"][number], now: Date) =>
  !expires_at || new Date(expires_at) > now;

/** What signs at a moment, newest first. */
export const liveSecrets = ({ secrets }: Webhook, now: Date): string[] =>
  secrets.filter((candidate) => isLive(candidate, now)).map(({ secret }) => secret);

/** What the API shows of a webhook: everything but its secrets. */
export function webhookView(stored: Webhook) {
  const { hook_id, scope: webhookScope, urls, disabled_urls, created_at, updated_at } = stored;
  const disabled = stored.status === "disabled" || urls.every((url) => disabled_urls.includes(url));
  return {
    hook_id,
    scope: webhookScope,
    urls,
    disabled_urls: urls.filter((url) => disabled_urls.includes(url)),
    campaigns: stored.campaigns,
    status: disabled ? ("disabled" as const) : ("active" as const),
    created_at,
    updated_at,
  };
}

/**
 * Whether a webhook wants an event. A disabled one does: its events are kept as undelivered, where they can
 * be seen and sent again, rather than forgotten.
 */
export function wants(
  candidate: Pick<Webhook, "scope" | "campaigns">,
  event: Pick<AcceptedEvent, "scope" | "campaign">,
): boolean {
  return (
    candidate.scope === event.scope &&
    (candidate.campaigns.length === 0 || candidate.campaigns.includes(event.campaign))
  );
}

/** Whether an endpoint has been slow to answer in the last minute. */
export const isSlow = ({ slow_urls }: Pick<Webhook, "slow_urls">, url: string, now: Date): boolean =>
  slow_urls.some((slow) => slow.url === url && new Date(slow.until) > now);

export type SlowMark = Pick<Webhook, "slow_urls">;

/** What marks an endpoint as slow; undefined when it is marked, and will be for a while. */
export function slowMark(current: Webhook, url: string, now: Date): SlowMark | undefined {
  if (isSlow(current, url, new Date(now.getTime() + SLOW_FOR_MS / 2))) return undefined;
  const others = current.slow_urls.filter(
    (other) => other.url !== url && current.urls.includes(other.url) && new Date(other.until) > now,
  );
  const until = new Date(now.getTime() + SLOW_FOR_MS).toISOString();
  // Of two marks of one endpoint, the later.
  const latest = new Map(
    others.toSorted((a, b) => (a.until < b.until ? -1 : 1)).map((one) => [one.url, one]),
  );
  return { slow_urls: [...latest.values(), { url, until }] };
}

export type EndpointState =
  | { is: "live"; webhook: Webhook; secrets: string[] }
  | { is: "removed" }
  | { is: "disabled"; reason: string };

/** What a delivery to `url` finds when its time comes, the webhook being as it is now. */
export function endpointState(
  current: Webhook | undefined,
  target: { readonly registration: string; readonly url: string },
  now: Date,
): EndpointState {
  if (current?.registration !== target.registration) return { is: "removed" };
  if (!current.urls.includes(target.url)) return { is: "removed" };
  if (current.status === "disabled") return { is: "disabled", reason: "the webhook is disabled" };
  if (current.disabled_urls.includes(target.url)) {
    return { is: "disabled", reason: "the endpoint answered 410 Gone and was disabled" };
  }
  return { is: "live", webhook: current, secrets: liveSecrets(current, now) };
}

/** What a redelivery to `url` would find: the webhook is whichever has the id now. */
export const currentEndpointState = (current: Webhook | undefined, url: string, now: Date): EndpointState =>
  endpointState(current, { registration: current?.registration ?? "", url }, now);
