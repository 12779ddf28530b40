import { lazyChunks } from "../../shared/domain/chunks.ts";
import type { DeliveryMessage, Lane } from "../../shared/domain/delivery.ts";
import type { LedgerEntry } from "../../shared/domain/ledger.ts";
import type { Measure } from "../../shared/domain/metric.ts";
import type { Publication } from "../../shared/domain/publication.ts";
import { isSlow } from "../../shared/domain/webhook.ts";
import { inPart, splitPublication } from "./split.ts";
import type { Event, Registered, WebhookList } from "./webhook-list.ts";

/** Keeps the encoded messages of a wide fan-out from filling the memory: each carries the body. */
const MAX_AT_ONCE = 500;
const MAX_BODY_BYTES_AT_ONCE = 1_048_576;

const bodyBytes = ({ body }: DeliveryMessage) => Buffer.byteLength(body);

export interface FanOutDeps {
  readonly now: () => Date;
  /** One registered a moment ago is among them: it gets the next event. */
  readonly webhooksOf: (account: string) => Promise<WebhookList>;
  readonly enqueue: (message: DeliveryMessage) => Promise<unknown>;
  /** Puts a part of a publication on the events queue. */
  readonly publish: (part: Publication) => Promise<unknown>;
  /** These events are no longer in flight, as the account's limits count it. */
  readonly landed: (account: string, events: number, acceptedAt: string) => Promise<unknown>;
  /** Writes down what was queued: what `GET /deliveries` lists, and `npm run ledger` accounts for. */
  readonly keepLedger: (entry: LedgerEntry) => Promise<unknown>;
  readonly log: { info(event: string, fields: Readonly<Record<string, unknown>>): void };
  readonly measure: Measure;
}

/**
 * Puts one message on the deliveries queue for each event and each endpoint that wants it, and then into the
 * ledger. Throws if any could not be queued, or a webhook not be read: the publication is then fanned out again,
 * what was queued twice is delivered once, and what stays unreadable leaves the publication in the dead-letter
 * queue, to be redriven.
 */
export function createFanOut(deps: FanOutDeps) {
  return async function fanOut(publication: Publication): Promise<void> {
    const { account, events } = publication;
    const { wanting, unreadable } = await deps.webhooksOf(account);
    const interested = groupAlike(events).map((alike) => ({
      alike,
      webhooks: wanting(alike[0]).filter((webhook) => inPart(publication, webhook)),
    }));
    const parts = splitPublication(publication, interested);
    if (parts) {
      await Promise.all(parts.map(deps.publish));
      return deps.log.info("event.split", { ...identity(publication), parts: parts.length });
    }

    const now = deps.now();
    const groups = interested.map(({ alike, webhooks }) => ({ alike, targets: targetsOf(webhooks, now) }));
    const messages = messagesOf(publication, groups);
    for (const some of lazyChunks(messages, MAX_AT_ONCE, MAX_BODY_BYTES_AT_ONCE, bodyBytes))
      await enqueueAll(some);
    await deps.keepLedger(toLedger(publication, groups));
    if (unreadable.length > 0)
      throw new AggregateError(unreadable, "A webhook cannot be read; all others are served");
    if (publication.is_counted) await deps.landed(account, events.length, publication.accepted_at);
    tellOf(publication, groups);
  };

  function tellOf(publication: Publication, groups: readonly Group[]) {
    const deliveries = groups.reduce((sum, { alike, targets }) => sum + alike.length * targets.length, 0);
    deps.log.info("event.fanned_out", { ...whatWasFannedOut(publication, groups), deliveries });
    for (const { alike, targets } of groups) deps.measure("FanOutWidth", alike[0].scope, targets.length);
    if (!isFirstSightOf(publication)) return;
    for (const { scope } of publication.events) deps.measure("EventsAccepted", scope);
  }

  async function enqueueAll(messages: readonly DeliveryMessage[]): Promise<void> {
    const queued = await Promise.allSettled(messages.map((message) => deps.enqueue(message)));
    const failed = queued.filter((result) => result.status === "rejected");
    if (failed.length === 0) return;
    const causes = failed.map(({ reason }) => reason);
    throw new AggregateError(causes, `${failed.length} of ${messages.length} deliveries could not be queued`);
  }
}

const identity = ({ account, events }: Publication) => ({
  account,
  event_ids: events.map(({ id }) => id),
});

/**
 * Of events that were told of when they were accepted, and will be with each attempt, the ids are not listed a third
 * time: only of those that nobody wants.
 */
function whatWasFannedOut(publication: Publication, groups: readonly Group[]) {
  const { account, accepted_at, events, is_counted, part } = publication;
  if (!is_counted || part) return identity(publication);
  const unwanted = groups.filter(({ targets }) => targets.length === 0).flatMap(({ alike }) => alike);
  return {
    ...{ account, accepted_at, events: events.length },
    ...(unwanted.length > 0 && { unwanted_ids: unwanted.map(({ id }) => id) }),
  };
}

/** It came off the bus, where nothing of ours saw it before; of its parts, the first. */
const isFirstSightOf = ({ is_counted, part }: Publication) => !is_counted && part?.after === undefined;

type Target = Pick<DeliveryMessage, "hook_id" | "registration" | "url" | "lane">;

/** Events that go to the same endpoints. */
interface Group {
  readonly alike: readonly [Event, ...Event[]];
  readonly targets: readonly Target[];
}

/** Made one by one: a wide fan-out has tens of thousands, each with its body. */
function* messagesOf(
  { account, accepted_at }: Publication,
  groups: readonly Group[],
): Generator<DeliveryMessage> {
  for (const { alike, targets } of groups) {
    for (const { id: event_id, scope, body } of alike) {
      for (const target of targets) {
        yield { account, ...target, event_id, scope, body, attempt: 1, run_start: 1, due_at: accepted_at };
      }
    }
  }
}

const toLedger = ({ account, accepted_at }: Publication, groups: readonly Group[]): LedgerEntry => ({
  account,
  accepted_at,
  groups: groups.map(({ alike, targets }) => ({
    scope: alike[0].scope,
    event_ids: alike.map(({ id }) => id),
    endpoints: targets.map(({ hook_id, url }) => ({ hook_id, url })),
  })),
});

/** Events of one scope and campaign go to the same endpoints. */
function groupAlike(events: readonly Event[]): [Event, ...Event[]][] {
  const groups = new Map<string, [Event, ...Event[]]>();
  for (const event of events) {
    const key = JSON.stringify([event.scope, event.campaign]);
    const group = groups.get(key);
    if (group) group.push(event);
    else groups.set(key, [event]);
  }
  return [...groups.values()];
}

const targetsOf = (webhooks: readonly Registered[], now: Date): Target[] =>
  webhooks.flatMap((webhook) =>
    webhook.urls.map((url) => {
      const { hook_id, registration } = webhook;
      return { hook_id, registration, url, lane: laneOf(webhook, url, now) };
    }),
  );

/** The mark may be one of half a minute ago: `deliver`, which reads it anew, moves what is on the wrong lane. */
const laneOf = (webhook: Registered, url: string, now: Date): Lane =>
  isSlow(webhook, url, now) ? "slow" : "fast";
