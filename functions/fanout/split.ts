import { chunks } from "../../shared/domain/chunks.ts";
import type { Publication } from "../../shared/domain/publication.ts";
import type { Event, Registered } from "./webhook-list.ts";

/**
 * What one publication may put on the deliveries queue. Ten publications are fanned out together, in 60 s, and a
 * request to SQS takes 10 messages and some milliseconds of CPU.
 */
const MAX_DELIVERIES = 5_000;

/** Events of a publication, and those webhooks in its part that want them. */
export interface Interested {
  readonly alike: readonly Event[];
  readonly webhooks: readonly Registered[];
}

const endpointCount = ({ urls }: Registered) => urls.length;

/** The webhooks that a part of a publication is for: `after` exclusive, `through` inclusive, in order of their ids. */
export const inPart = ({ part }: Publication, { hook_id }: Registered): boolean =>
  (part?.after === undefined || hook_id > part.after) &&
  (part?.through === undefined || hook_id <= part.through);

/**
 * A publication that is too wide to be fanned out at once, in parts that are not: first by its events, then by
 * webhooks. Each part counts as in flight what it carries, once.
 * @param interested one for each group of its events
 * @returns undefined when it is small enough, or cannot be made smaller
 */
export function splitPublication(
  publication: Publication,
  interested: readonly Interested[],
): Publication[] | undefined {
  const { events } = publication;
  const widths = new Map(
    interested.flatMap(({ alike, webhooks }) => {
      const width = webhooks.reduce((sum, webhook) => sum + endpointCount(webhook), 0);
      return alike.map((event) => [event, width] as const);
    }),
  );
  const widthOf = (event: Event) => widths.get(event) ?? 0;
  const total = events.reduce((sum, event) => sum + widthOf(event), 0);
  if (total <= MAX_DELIVERIES) return undefined;
  const [event] = events;
  if (!event) return undefined;
  if (events.length > 1) {
    return chunks(events, events.length, MAX_DELIVERIES, widthOf).map((some) => ({
      ...publication,
      events: some,
    }));
  }

  const inOrder = interested
    .flatMap(({ webhooks }) => webhooks)
    .toSorted((a, b) => (a.hook_id < b.hook_id ? -1 : 1));
  const runs = chunks(inOrder, inOrder.length, MAX_DELIVERIES, endpointCount);
  if (runs.length < 2) return undefined;
  const { after, through } = publication.part ?? {};
  // Up to the last of each run; the last run goes on to the end, for what is registered meanwhile.
  const borders = [after, ...runs.slice(0, -1).map((run) => run.at(-1)?.hook_id), through];
  return borders.slice(1).map((end, index) => ({
    ...publication,
    part: { after: borders[index], through: end },
    is_counted: publication.is_counted && index === 0,
  }));
}
