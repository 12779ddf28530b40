import { expect, test } from "vitest";
import { reckon } from "../../infra/commands/ledger/reckon.ts";
import { deliveryId } from "../../shared/domain/delivery.ts";
import type { LedgerEntry } from "../../shared/domain/ledger.ts";
import { AT, aDelivery } from "../support/factories.ts";

const MINUTE_MS = 60_000;
const now = Date.parse(AT);
const ago = (minutes: number) => new Date(now - minutes * MINUTE_MS).toISOString();
const account = "acme";
const [first, second] = ["a", "b"].map((hook_id) => ({ hook_id, url: "https://example.com/" }));
if (!first || !second) throw new Error("no endpoints");

type Entry = LedgerEntry & { readonly fanned_out_at: string };
const entry = (
  event_ids: string[],
  endpoints: Entry["groups"][number]["endpoints"],
  minutesAgo: number,
): Entry => ({
  ...{ account, groups: [{ event_ids, endpoints }], fanned_out_at: ago(minutesAgo) },
});

/** @param lost ids of deliveries without a record; all others are delivered */
async function reckoned(
  entries: readonly Entry[],
  given: { lost?: string[]; accepted?: string[]; maxHeld?: number } = {},
) {
  const lookedUp: string[] = [];
  const deps = {
    async *entries() {
      yield* entries;
    },
    findDelivery: async (id: string) => {
      lookedUp.push(id);
      return given.lost?.includes(id) ? undefined : aDelivery({ id, status: "delivered" });
    },
    hasUndeliveredRow: async () => true,
    now: () => now,
  };
  return { ...(await reckon(deps, account, given.accepted, given.maxHeld)), lookedUp };
}

test.each([1_000_000, 7, 1])("counts the same when %i ids may be held at a time", async (maxHeld) => {
  const ids = Array.from({ length: 20 }, (_, n) => `e${n}`);
  const lost = [deliveryId({ account, ...first, event_id: "e3" })];
  const entries = [
    entry(ids, [first, second], 60),
    entry(ids.slice(5), [first], 50),
    entry(["unwanted"], [], 50),
  ];
  const accepted = [...ids, "unwanted", "never"];
  const { lookedUp, ...found } = await reckoned(entries, { lost, accepted, maxHeld });
  expect(found).toEqual({
    ...{ events: 21, deliveries: 40 },
    ...{ delivered: 39, undelivered: 0, cancelled: 0, waiting: 0, overdue: 1 },
    ...{ overdueIds: lost, notFannedOut: ["never"] },
  });
  expect(lookedUp.toSorted()).toEqual([...new Set(lookedUp)].toSorted());
});

test.each([
  ["first", [60, 1]],
  ["last", [1, 60]],
])(
  "an event lost at its first publication is late, and its second, read %s, hides that no more",
  async (_, minutes) => {
    const lost = [deliveryId({ account, ...first, event_id: "e" })];
    const entries = minutes.map((minutesAgo) => entry(["e"], [first], minutesAgo));
    expect(await reckoned(entries, { lost })).toMatchObject({ deliveries: 1, waiting: 0, overdue: 1 });
  },
);
