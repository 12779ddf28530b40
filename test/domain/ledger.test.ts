import { describe, expect, test } from "vitest";
import { type AccountedDelivery, deliveryIds, locate, type Whereabouts } from "../../shared/domain/ledger.ts";
import { AT, aDelivery, aMessage } from "../support/factories.ts";

const at = Date.parse(AT);
const minutes = (count: number) => at + count * 60_000;
const iso = (epochMs: number) => new Date(epochMs).toISOString();

describe("where a delivery is, half an hour and a minute after its fan-out", () => {
  const now = minutes(31);
  test.each<[string, Partial<AccountedDelivery> | undefined, Whereabouts]>([
    ["no record: nobody has tried it yet, and it is late", undefined, "overdue"],
    ["delivered", { status: "delivered" }, "delivered"],
    ["cancelled", { status: "cancelled" }, "cancelled"],
    ["undelivered, with its row", { status: "undelivered" }, "undelivered"],
    ["retrying, due in an hour", { status: "retrying", next_attempt_at: iso(minutes(91)) }, "waiting"],
    ["retrying, due a minute ago", { status: "retrying", next_attempt_at: iso(minutes(30)) }, "waiting"],
    ["retrying, due long ago: its timer is lost", { status: "retrying", next_attempt_at: AT }, "overdue"],
    ["redelivered a minute ago", { status: "pending", taken_at: iso(minutes(30)) }, "waiting"],
    [
      "redelivered long ago, and never tried: its message is lost",
      { status: "pending", taken_at: AT },
      "overdue",
    ],
    ["being redelivered, nobody knows since when", { status: "pending" }, "waiting"],
  ])("%s", (_, fields, place) => {
    const found = fields && { delivery: { ...aDelivery(), ...fields }, hasUndeliveredRow: true };
    expect(locate(found, at, now)).toBe(place);
  });

  test.each<[string, number, Whereabouts]>([
    ["a moment ago: the row is being written", 30, "waiting"],
    ["long ago: nobody will find it", 0, "overdue"],
  ])("undelivered without a row, given up %s", (_, givenUpAfter, place) => {
    const delivery = aDelivery({ status: "undelivered", updated_at: iso(minutes(givenUpAfter)) });
    expect(locate({ delivery, hasUndeliveredRow: false }, at, now)).toBe(place);
  });

  test("not tried yet, a minute after the fan-out", () => {
    expect(locate(undefined, at, minutes(1))).toBe("waiting");
  });
});

test("an entry stands for each of its events to each of its endpoints, under the ids that deliver records", () => {
  const { account, hook_id, url, event_id } = aMessage();
  const endpoints = [
    { hook_id, url },
    { hook_id: "b", url },
  ];
  const groups = [
    { event_ids: [event_id, "two"], endpoints },
    { event_ids: ["three"], endpoints: endpoints.slice(1) },
  ];
  const entry = { account, groups };
  expect(new Set(deliveryIds(entry)).size).toBe(5);
  expect(deliveryIds(entry)[0]).toBe(aDelivery().id);
});
