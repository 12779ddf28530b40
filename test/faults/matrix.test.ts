import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { actionOf, grantsOf } from "./support/grants.ts";
import { watchLogs } from "./support/logs.ts";
import { type Case, casesOf, createTheatre, nameOf, playAll, record } from "./support/matrix.ts";
import { startStage } from "./support/stage.ts";
import { storyNames } from "./support/stories.ts";

/** Permissions that no story needs, each with its reason. */
const UNUSED: string[] = [];

const logs = watchLogs();
const stage = await startStage();
const theatre = createTheatre(stage);
const recorded = await record(theatre);
afterAll(async () => {
  logs.restore();
  await theatre.stop();
  await stage.stop();
});

test("the stories make every call that a function is allowed, so that every one can be made to fail", () => {
  const made = recorded.map(({ fn, operation }) => `${fn} ${actionOf(operation)}`);
  expect([...new Set([...made, ...UNUSED])].sort()).toEqual([...new Set(grantsOf(stage.template))].sort());
});

/** One fault for every other of the functions' first calls of an operation; `test/slow/faults.test.ts` has all of them. */
function slice(all: readonly Case[]): Case[] {
  const quick = all.filter(({ kind, nth }) => !kind.startsWith("hangs") && nth === 1);
  const byCall = Map.groupBy(quick, ({ fn, operation }) => `${fn} ${operation}`);
  return [...byCall.values()].flatMap((some, index) =>
    index % 2 === 0 ? (some[(index * 5) % some.length] ?? []) : [],
  );
}

const symptoms: [string, Case][] = [
  [
    "a webhook that was deleted is not answered with 404 because the answer to its deletion was lost",
    { story: "registration", fn: "webhooks", operation: "DeleteItem", nth: 1, kind: "answer lost once" },
  ],
  [
    "a delivery is listed although a crash came between its message and its place in the ledger",
    { story: "delivery", fn: "fanout", operation: "BatchWriteItem", nth: 1, kind: "crash before" },
  ],
  [
    "a delivery is recorded although a part of what is written together was left out",
    { story: "list", fn: "deliver", operation: "BatchWriteItem", nth: 1, kind: "partly done" },
  ],
  [
    "an undelivered delivery is deleted whole, when the first try got only half way",
    { story: "redelivery", fn: "undelivered", operation: "UpdateItem", nth: 1, kind: "failed" },
  ],
  [
    "no job stays that is running and that nobody works on",
    { story: "redelivery", fn: "undelivered", operation: "SendMessage", nth: 2, kind: "crash before" },
  ],
];
const cases = [...symptoms, ...slice(casesOf(recorded)).map((one) => [nameOf(one), one] as const)];

describe("nothing is lost, wrong or sent twice without need", () => {
  let results: Awaited<ReturnType<typeof playAll>>;
  let twice: Map<string, { unrecorded: number }>;
  beforeAll(async () => {
    const faulty = playAll(
      theatre,
      cases.map(([, one]) => one),
    );
    const copied = storyNames.map(
      async (story) => [story, await theatre.play(story, undefined, true)] as const,
    );
    twice = new Map(await Promise.all(copied));
    results = await faulty;
  }, 120_000);

  test.each(cases)("%s", (_, one) => {
    expect(results.get(one)?.error).toBeUndefined();
    expect(results.get(one)?.wasHit).toBe(true);
  });

  test.each(storyNames)("when every message is handed out twice (%s)", (story) => {
    expect(twice.get(story)?.unrecorded).toBe(0);
  });
});

test("nothing that was logged held a secret or what an event says", () => {
  expect(logs.leaks).toEqual([]);
  expect(logs.lines()).toBeGreaterThan(0);
});
