import { afterAll, beforeAll, expect, test } from "vitest";
import { watchLogs } from "../faults/support/logs.ts";
import { casesOf, createTheatre, duplicatesOf, nameOf, playAll, record } from "../faults/support/matrix.ts";
import { startStage } from "../faults/support/stage.ts";

/**
 * Every kind of fault at the first, the second and the last call of each kind of each function. The table is made
 * from a run without faults, so a call that is new in a function is in it without anybody's remembering.
 */
const logs = watchLogs();
const stage = await startStage();
const theatre = createTheatre(stage);
const cases = casesOf(await record(theatre));
let results: Awaited<ReturnType<typeof playAll>>;

beforeAll(async () => {
  results = await playAll(theatre, cases);
}, 900_000);
afterAll(async () => {
  logs.restore();
  await theatre.stop();
  await stage.stop();
});

test.each(cases.map((one) => [nameOf(one), one] as const))("%s", (_, one) => {
  expect(results.get(one)?.error).toBeUndefined();
  expect(results.get(one)?.wasHit).toBe(true);
});

test("an event came twice only where a POST had left and its record had not got in", () => {
  const duplicates = duplicatesOf(results);
  logs.restore();
  console.info(`${cases.length} faults; POSTs that came twice:`, duplicates);
  // Beside an abandoned invocation that goes on, another handles the same message at the same time. A crash takes the
  // whole batch, of which one message may have been sent and not recorded while another made the call that crashed.
  const explained = /^(PutItem|BatchWriteItem) | (abandoned|crash before|crash after)$/;
  for (const key of Object.keys(duplicates)) expect(key).toMatch(explained);
});

test("nothing that was logged held a secret or what an event says", () => expect(logs.leaks).toEqual([]));
