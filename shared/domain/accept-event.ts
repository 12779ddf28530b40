import * as z from "zod/mini";
import { type AcceptedEvent, campaignId, eventId, scope } from "./event.ts";
import { Problem, parseInput, parseJson } from "./problem.ts";
import { rawElements, rawMembers, withFirstMember } from "./raw-json.ts";

export const MAX_EVENT_BYTES = 256 * 1024;
export const MAX_BATCH_EVENTS = 100;

const text = z.string().check(z.minLength(1));
const points = z.nullable(z.number());

/**
 * The listed fields are typed when present; unknown ones pass through, because the body is never rebuilt from
 * this.
 */
export const eventInput = z.looseObject({
  id: z.optional(eventId),
  scope,
  user: text,
  wallet: z.nullish(z.string()),
  email: z.nullish(z.string()),
  campaign: z.looseObject({ id: campaignId, name: z.string() }),
  event: z.looseObject({
    type: text,
    data: z.looseObject({
      action: z.nullish(z.partial(z.looseObject({ id: z.string(), name: z.string(), type: z.string() }))),
      xp: z.optional(points),
      total_xp: z.optional(points),
      ref_xp: z.optional(points),
      ugc_xp: z.optional(points),
      xp_mul: z.optional(points),
      rank: z.optional(points),
      team: z.nullish(z.union([z.string(), z.looseObject({})], { error: "must be a string or an object" })),
    }),
  }),
});

/**
 * Checks one event's JSON text. The body stays byte for byte as given, save that a missing `id` is put in
 * front.
 * @param newId makes the id of an event that came without one
 * @throws Problem `malformed`, `invalid` or `too-large`
 */
export function acceptEvent(json: string, newId: () => string): AcceptedEvent {
  return accept(json, parseJson(json), [], newId);
}

/**
 * The same for `{"events": [...]}`: all are accepted or none. The paths of bad fields begin with
 * `events.<index>`.
 */
export function acceptEvents(json: string, newId: () => string): AcceptedEvent[] {
  const size = `must hold 1 to ${MAX_BATCH_EVENTS} events`;
  const batch = z.strictObject({
    events: z.array(z.unknown()).check(z.minLength(1, size), z.maxLength(MAX_BATCH_EVENTS, size)),
  });
  const { events } = parseInput(batch, parseJson(json));
  const bodies = rawElements(rawMembers(json).get("events") ?? "[]");
  return collectProblems(events, (parsed, index) =>
    accept(bodies[index] ?? "", parsed, ["events", index], newId),
  );
}

function accept(
  json: string,
  parsed: unknown,
  path: readonly PropertyKey[],
  newId: () => string,
): AcceptedEvent {
  if (Buffer.byteLength(json) > MAX_EVENT_BYTES) {
    throw new Problem("too-large", `An event is at most ${MAX_EVENT_BYTES} bytes`, [
      { path: path.join("."), message: `is larger than ${MAX_EVENT_BYTES} bytes` },
    ]);
  }
  const { id, scope: eventScope, campaign } = parseInput(eventInput, parsed, path);
  if (id !== undefined) return { id, scope: eventScope, campaign: campaign.id, body: json };
  const made = newId();
  return { id: made, scope: eventScope, campaign: campaign.id, body: withFirstMember(json, "id", made) };
}

/**
 * Runs `check` over all items and, if any were invalid, throws one Problem that names the bad fields of all.
 */
function collectProblems<Item, Result>(
  items: readonly Item[],
  check: (item: Item, index: number) => Result,
): Result[] {
  const problems: Problem[] = [];
  const results: Result[] = [];
  for (const [index, item] of items.entries()) {
    try {
      results.push(check(item, index));
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      problems.push(error);
    }
  }
  const [first] = problems;
  if (!first) return results;
  throw new Problem(
    first.kind,
    first.message,
    problems.flatMap((problem) => problem.errors),
  );
}
