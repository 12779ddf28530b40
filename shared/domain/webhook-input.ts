import * as z from "zod/mini";
import type { EndpointRules } from "./endpoint-rules.ts";
import { endpointUrlProblem } from "./endpoint-url.ts";
import { scope } from "./event.ts";
import { secretText } from "./secret.ts";
import { campaigns, hookId, MALFORMED, status } from "./webhook.ts";

const MAX_ENDPOINTS = 10;
const DEFAULT_OVERLAP_SECONDS = 86_400;
const MAX_OVERLAP_SECONDS = 7 * 86_400;

/** One URL or a list of 1 to 10 different ones, each fit to be an endpoint; always a list afterwards. */
function endpointUrls(rules: EndpointRules) {
  const url = z.string().check(
    z.superRefine((text, context) => {
      const problem = text.isWellFormed() ? endpointUrlProblem(text, rules) : MALFORMED;
      if (problem) context.addIssue({ code: "custom", message: problem });
    }),
  );
  const list = z.array(url).check(
    z.minLength(1, "must hold at least one URL"),
    z.maxLength(MAX_ENDPOINTS, `must hold at most ${MAX_ENDPOINTS} URLs`),
    z.refine((urls) => new Set(urls).size === urls.length, "must not hold the same URL twice"),
  );
  return z.union(
    [
      z.pipe(
        url,
        z.transform((one) => [one]),
      ),
      list,
    ],
    { error: "must be a URL, or a list of URLs" },
  );
}

/** The body of `POST /webhooks`. */
export const webhookInput = (rules: EndpointRules) =>
  z.strictObject({
    scope,
    url: endpointUrls(rules),
    secret: z.optional(secretText),
    hook_id: z.optional(hookId),
    campaigns: z.optional(campaigns),
  });

/** The body of `PATCH /webhooks/{hook_id}`: what it does not name stays. */
export const webhookPatch = (rules: EndpointRules) =>
  z
    .strictObject({
      scope: z.optional(scope),
      url: z.optional(endpointUrls(rules)),
      campaigns: z.optional(campaigns),
      status: z.optional(status),
    })
    .check(
      z.refine(
        (patch) => Object.keys(patch).length > 0,
        "must change at least one of scope, url, campaigns, status",
      ),
    );

/** The body of `POST /webhooks/{hook_id}/secret`. */
export const secretRotation = z.strictObject({
  secret: z.optional(secretText),
  /** How long the secrets so far go on signing beside the new one. */
  overlap_seconds: z._default(
    z
      .int("must be a whole number of seconds")
      .check(
        z.minimum(0, "must be at least 0"),
        z.maximum(MAX_OVERLAP_SECONDS, `must be at most ${MAX_OVERLAP_SECONDS} (7 days)`),
      ),
    DEFAULT_OVERLAP_SECONDS,
  ),
});
