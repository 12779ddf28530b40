import { expect } from "vitest";
import { readLedgerItem } from "../../../shared/aws/ledger-item.ts";
import { readStored, readStoredUndelivered } from "../../../shared/aws/stored-delivery.ts";
import { type Delivery, deliveryId } from "../../../shared/domain/delivery.ts";
import { deliveryIds } from "../../../shared/domain/ledger.ts";
import { redeliveryJob } from "../../../shared/domain/redelivery-job.ts";
import type { Expected } from "./stories.ts";
import type { Scene } from "./world.ts";

/**
 * What has to be true of a scene in which nothing is under way any more, whatever went wrong before.
 * @returns how many POSTs came that no record tells of
 */
export async function checkScene(scene: Scene, expected: readonly Expected[]): Promise<number> {
  const [rows, given] = await Promise.all([scene.scan("Deliveries"), scene.scan("Undelivered")]);
  const records = rows.filter(({ sk }) => sk === "delivery").map(readStored);
  const givenUp = given.map(readStoredUndelivered);
  const entries = rows.filter(({ groups }) => groups).map((row) => readLedgerItem(row));
  const listed = new Set(entries.flatMap(deliveryIds));

  expect(await scene.deadLetters(), "dead letters").toBe(0);
  const idOf = ({ hook, url, event }: Expected) =>
    deliveryId({ account: scene.account, hook_id: hook, url, event_id: event });
  const known = expected.map(idOf);
  expect(records.map(({ id }) => id).sort(), "deliveries").toEqual([...known].sort());
  const surely = expected.filter(({ mayBeUnlisted }) => !mayBeUnlisted).map(idOf);
  expect(known, "deliveries in the ledger").toEqual(expect.arrayContaining([...listed]));
  expect([...listed], "deliveries in the ledger").toEqual(expect.arrayContaining(surely));
  const ended = records.filter(({ status }) => status === "undelivered");
  expect(givenUp.map(({ id }) => id).sort(), "undelivered rows").toEqual(ended.map(({ id }) => id).sort());
  for (const row of rows.filter(({ sk }) => sk === "job")) {
    const { status, slice } = redeliveryJob.parse(row);
    expect([status === "running", slice], "a job that is still running").toEqual([false, undefined]);
  }

  let unrecorded = 0;
  for (const record of records) {
    const one = expected.find((candidate) => idOf(candidate) === record.id);
    checkRecord(record, one);
    const posts = scene.postsOf(record.url, record.event_id);
    const most = record.attempts.length + scene.watch.unrecorded(record.id);
    expect(posts, `POSTs of ${record.url}, at least one for each attempt`).toBeGreaterThanOrEqual(
      record.attempts.length,
    );
    expect(posts, `POSTs of ${record.url}, and no more than were left without a record`).toBeLessThanOrEqual(
      most,
    );
    unrecorded += posts - record.attempts.length;
  }
  return unrecorded;
}

function checkRecord(record: Delivery, expected: Expected | undefined): void {
  const { url, status, attempts, next_attempt_at } = record;
  expect(status, url).toBe(expected?.status);
  expect(next_attempt_at, url).toBeNull();
  expect(
    attempts.map(({ number }) => number),
    url,
  ).toEqual(attempts.map((_, index) => index + 1));
  if (expected?.attempts !== undefined) expect(attempts, url).toHaveLength(expected.attempts);
  const last = attempts.at(-1)?.error;
  if (status === "delivered") expect(last, url).toBeNull();
}
