import type { RetryAfter } from "../../shared/domain/account-limits.ts";
import { chunks } from "../../shared/domain/chunks.ts";
import { type AcceptedEvent, acceptEvent, acceptEvents } from "../../shared/domain/event.ts";
import { encodeMessage } from "../../shared/domain/message-text.ts";
import { TooMany } from "../../shared/domain/problem.ts";
import type { Publication } from "../../shared/domain/publication.ts";
import type { ApiAnswer, ApiRequest } from "../../shared/http/api.ts";

export interface PublishDeps {
  readonly now: () => Date;
  readonly newId: () => string;
  /** Counts events as in flight, and says how long to wait if they are too many. */
  readonly admit: (account: string, events: number) => Promise<RetryAfter>;
  /** Resolves once the publication is durably queued. */
  readonly enqueue: (publication: Publication) => Promise<void>;
  /** The largest message, in bytes. */
  readonly maxMessageBytes: number;
}

/** An event's share of its message. */
const bytesInMessage = (event: AcceptedEvent) => Buffer.byteLength(encodeMessage(event)) + 1;
/** What stands in a publication beside its events. */
const ENVELOPE_BYTES = 1024;

/** Takes events: once the answer is 202, they are in the events queue, and never lost. */
export function createPublish(deps: PublishDeps) {
  const publication = ({ account }: ApiRequest, events: AcceptedEvent[]): Publication => ({
    account,
    accepted_at: deps.now().toISOString(),
    events,
    is_counted: true,
  });

  async function admitAll({ account }: ApiRequest, events: readonly AcceptedEvent[]): Promise<void> {
    const retryAfterSeconds = await deps.admit(account, events.length);
    if (retryAfterSeconds === undefined) return;
    throw new TooMany("This account has too many events in flight", retryAfterSeconds);
  }

  return {
    async one(request: ApiRequest): Promise<ApiAnswer> {
      const event = acceptEvent(request.text(), deps.newId);
      await admitAll(request, [event]);
      await deps.enqueue(publication(request, [event]));
      return { status: 202, body: { id: event.id } };
    },

    /**
     * All or none: up to about 1 MB of events are one message, which is queued or is not. A larger batch
     * takes several; when one of those cannot be queued the answer is an error, and the publisher's retry is
     * recognised by its event ids.
     */
    async batch(request: ApiRequest): Promise<ApiAnswer> {
      const events = acceptEvents(request.text(), deps.newId);
      await admitAll(request, events);
      for (const part of chunks(events, events.length, deps.maxMessageBytes - ENVELOPE_BYTES, bytesInMessage))
        await deps.enqueue(publication(request, part));
      return { status: 202, body: { ids: events.map(({ id }) => id) } };
    },
  };
}
