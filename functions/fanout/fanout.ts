import { chunks } from "../../shared/domain/chunks.ts";
import { type DeliveryMessage, endpointGroup } from "../../shared/domain/delivery.ts";
import type { Publication } from "../../shared/domain/publication.ts";
import { type Webhook, wants } from "../../shared/domain/webhook.ts";

/** Keeps the encoded messages of a wide fan-out from filling the memory: each carries the body. */
const MAX_AT_ONCE = 500;
const MAX_BODY_BYTES_AT_ONCE = 1_048_576;

const bodyBytes = ({ body }: DeliveryMessage) => Buffer.byteLength(body);

export interface FanOutDeps {
  /** `onUnreadable` is told of each webhook that is stored but cannot be read. */
  readonly webhooks: {
    all(account: string, onUnreadable: (error: Error) => void): Promise<readonly Webhook[]>;
  };
  readonly enqueue: (message: DeliveryMessage, groupId: string) => Promise<unknown>;
}

/**
 * Puts one message on the deliveries queue for each event and each endpoint that wants it. Throws if any
 * could not be queued, or a webhook not be read: the publication is then fanned out again, what was queued twice
 * is delivered once, and what stays unreadable leaves the publication in the dead-letter queue, to be redriven.
 */
export function createFanOut({ webhooks, enqueue }: FanOutDeps) {
  return async function fanOut({ account, accepted_at, events }: Publication): Promise<void> {
    const unreadable: Error[] = [];
    const registered = await webhooks.all(account, (error) => unreadable.push(error));
    const messages = events.flatMap(({ id: event_id, scope, campaign, body }) =>
      registered
        .filter((webhook) => wants(webhook, { scope, campaign }))
        .flatMap(({ hook_id, registration, urls }) =>
          urls.map((url) => {
            const target = { account, hook_id, registration, url };
            return { ...target, event_id, scope, body, attempt: 1, run_start: 1, due_at: accepted_at };
          }),
        ),
    );
    for (const some of chunks(messages, MAX_AT_ONCE, MAX_BODY_BYTES_AT_ONCE, bodyBytes))
      await enqueueAll(some);
    if (unreadable.length > 0)
      throw new AggregateError(unreadable, "A webhook cannot be read; all others are served");
  };

  async function enqueueAll(messages: readonly DeliveryMessage[]): Promise<void> {
    const queued = await Promise.allSettled(
      messages.map((message) => enqueue(message, endpointGroup(message))),
    );
    const failed = queued.filter((result) => result.status === "rejected");
    if (failed.length === 0) return;
    const causes = failed.map(({ reason }) => reason);
    throw new AggregateError(causes, `${failed.length} of ${messages.length} deliveries could not be queued`);
  }
}
