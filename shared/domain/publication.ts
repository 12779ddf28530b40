import * as z from "zod/mini";
import { acceptEvent } from "./accept-event.ts";
import { accountName } from "./api-key.ts";
import { type AcceptedEvent, acceptedEvent, eventId } from "./event.ts";
import { parseInput } from "./problem.ts";
import { rawMembers } from "./raw-json.ts";

/**
 * Events of one account, accepted together: what travels through the events queue when they came over REST.
 */
export const publication = z.object({
  account: accountName,
  accepted_at: z.iso.datetime(),
  events: z.array(acceptedEvent).check(z.minLength(1)),
  /** For these webhooks only: one whose event goes to very many endpoints is fanned out in parts. */
  part: z.optional(z.object({ after: z.optional(z.string()), through: z.optional(z.string()) })),
  /** Its events count as in flight until they are fanned out. Those from the bus never do: nobody could refuse them. */
  is_counted: z._default(z.boolean(), false),
});
export type Publication = z.infer<typeof publication>;

/**
 * What the EventBridge rule puts on the same queue: the bus's envelope, whose `detail` is
 * `{"account": "acme", "event": {…}}`. The source and the detail type are the platform's to choose.
 */
const busEnvelope = z.looseObject({
  /** Looks like a UUID, but not of any version that RFC 9562 knows. */
  id: eventId,
  time: z.iso.datetime({ offset: true }),
  "detail-type": z.string(),
  detail: z.strictObject({ account: accountName, event: z.looseObject({}) }),
});

/**
 * Reads a message of the events queue, whichever way it came.
 * @throws Problem or $ZodError for what is neither; the message then ends in the dead-letter queue, where
 * people see it
 */
export function readPublication(json: string, now: Date): Publication {
  const message: unknown = JSON.parse(json);
  if (!isFromBus(message)) return publication.parse(message);
  const { id, time, detail } = parseInput(busEnvelope, message);
  const raw = rawMembers(rawMembers(json).get("detail") ?? "{}").get("event") ?? "{}";
  // The envelope's id stands in for a missing one: however often the message is handed out, the event keeps
  // its id.
  const event: AcceptedEvent = acceptEvent(raw, () => id);
  // `time` is the publisher's to set; one that lies ahead must not hold the delivery back.
  const acceptedAt = new Date(Math.min(Date.parse(time), now.getTime()));
  return {
    account: detail.account,
    accepted_at: acceptedAt.toISOString(),
    events: [event],
    is_counted: false,
  };
}

const isFromBus = (message: unknown) =>
  typeof message === "object" && message !== null && "detail-type" in message;
