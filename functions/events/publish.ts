import { acceptEvent, acceptEvents } from "../../shared/domain/accept-event.ts";
import type { RetryAfter } from "../../shared/domain/account-limits.ts";
import { chunks } from "../../shared/domain/chunks.ts";
import type { AcceptedEvent } from "../../shared/domain/event.ts";
import { encodeMessage } from "../../shared/domain/message-text.ts";
import type { Measure } from "../../shared/domain/metric.ts";
import { TooMany } from "../../shared/domain/problem.ts";
import type { Publication } from "../../shared/domain/publication.ts";
import type { ApiAnswer, ApiRequest } from "../../shared/http/api.ts";

export interface PublishDeps {
  readonly now: () => Date;
  readonly newId: () => string;
  readonly limit: {
    /** Counts events as in flight, and says how long to wait if they are too many. */
    admit(account: string, events: number): Promise<RetryAfter>;
    /** Those that were not queued after all will never land. */
    release(account: string, events: number): Promise<void>;
  };
  /** Resolves once the publication is durably queued. */
  readonly enqueue: (publication: Publication) => Promise<void>;
  /** The largest message, in bytes. */
  readonly maxMessageBytes: number;
  readonly log: { info(event: string, fields: Readonly<Record<string, unknown>>): void };
  readonly measure: Measure;
}

/** An event's share of its message. */
const bytesInMessage = (event: AcceptedEvent) => Buffer.byteLength(encodeMessage(event)) + 1;
/** What stands in a publication beside its events. */
const ENVELOPE_BYTES = 1024;

/** Takes events: once the answer is 202, they are in the events queue, and never lost. */
export function createPublish({ limit, ...deps }: PublishDeps) {
  const publication = ({ account }: ApiRequest, events: AcceptedEvent[]): Publication => ({
    account,
    accepted_at: deps.now().toISOString(),
    events,
    is_counted: true,
  });

  /** Queues each part as one message. What could not be queued is no longer counted. */
  async function publishAll(
    request: ApiRequest,
    events: readonly AcceptedEvent[],
    parts: readonly AcceptedEvent[][],
  ): Promise<void> {
    const retryAfterSeconds = await limit.admit(request.account, events.length);
    if (retryAfterSeconds !== undefined)
      throw new TooMany("This account has too many events in flight", retryAfterSeconds);
    let left = events.length;
    try {
      for (const part of parts) {
        await deps.enqueue(publication(request, part));
        left -= part.length;
        tellOf(request, part);
      }
    } finally {
      if (left > 0) await limit.release(request.account, left);
    }
  }

  function tellOf({ account }: ApiRequest, accepted: readonly AcceptedEvent[]) {
    deps.log.info("event.accepted", { account, event_ids: accepted.map(({ id }) => id) });
    for (const { scope } of accepted) deps.measure("EventsAccepted", scope);
  }

  return {
    async one(request: ApiRequest): Promise<ApiAnswer> {
      const event = acceptEvent(request.text(), deps.newId);
      await publishAll(request, [event], [[event]]);
      return { status: 202, body: { id: event.id } };
    },

    /**
     * All or none: up to about 1 MB of events are one message, which is queued or is not. A larger batch
     * takes several; when one of those cannot be queued the answer is an error, and the publisher's retry is
     * recognised by its event ids.
     */
    async batch(request: ApiRequest): Promise<ApiAnswer> {
      const events = acceptEvents(request.text(), deps.newId);
      const maxBytes = deps.maxMessageBytes - ENVELOPE_BYTES;
      await publishAll(request, events, chunks(events, events.length, maxBytes, bytesInMessage));
      return { status: 202, body: { ids: events.map(({ id }) => id) } };
    },
  };
}
