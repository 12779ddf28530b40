import type { Publication } from "../../shared/domain/publication.ts";
import { type Webhook, wants } from "../../shared/domain/webhook.ts";

export type Event = Publication["events"][number];

/** What fan-out has to know of a webhook. Secrets are not among it: lists are kept. */
export type Registered = Pick<
  Webhook,
  "hook_id" | "registration" | "scope" | "urls" | "campaigns" | "slow_urls"
>;

/** An account's webhooks at one moment. */
export interface WebhookList {
  /** Looks only at webhooks for the event's scope and campaign: there may be ten thousand others. */
  wanting(event: Event): Registered[];
  /** One for each webhook that is stored but cannot be read. */
  readonly unreadable: readonly Error[];
  /** Characters, about. */
  readonly size: number;
}

/** What holds a list together, and a webhook beside the text that may be long. */
const LIST_SIZE = 1_000;
const WEBHOOK_SIZE = 350;
/** An entry of the index beside its key: of webhooks with campaigns of their own it takes more than they do. */
const INTEREST_SIZE = 150;

/** What a webhook asks for; without a campaign, all of a scope. */
const interest = (scope: string, campaign?: string) => JSON.stringify([scope, campaign]);

export function createWebhookList(all: readonly Webhook[], unreadable: readonly Error[]): WebhookList {
  const byInterest = new Map<string, Registered[]>();
  let size = LIST_SIZE;
  for (const { hook_id, registration, scope, urls, campaigns, slow_urls } of all) {
    const registered = { hook_id, registration, scope, urls, campaigns, slow_urls };
    size += WEBHOOK_SIZE + urls.join().length + campaigns.join().length;
    for (const campaign of campaigns.length > 0 ? new Set(campaigns) : [undefined]) {
      const key = interest(scope, campaign);
      const alike = byInterest.get(key);
      if (alike) {
        alike.push(registered);
        continue;
      }
      byInterest.set(key, [registered]);
      size += INTEREST_SIZE + key.length;
    }
  }
  const candidates = ({ scope, campaign }: Event) =>
    [interest(scope), interest(scope, campaign)].flatMap((key) => byInterest.get(key) ?? []);

  return {
    wanting: (event) => candidates(event).filter((webhook) => wants(webhook, event)),
    unreadable,
    size,
  };
}
