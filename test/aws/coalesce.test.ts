import { expect, test } from "vitest";
import { coalesce } from "../../shared/aws/coalesce.ts";

function counted(everyone?: () => number, lingerMs?: number) {
  const flushes: number[][] = [];
  const call = coalesce<number, number>(
    async (items) => {
      flushes.push([...items]);
      return items.map((item) => item * 2);
    },
    everyone,
    lingerMs,
  );
  return { flushes, call };
}

test("calls made together share a flush, and each gets its own result", async () => {
  const { flushes, call } = counted();
  expect(await Promise.all([call(1), call(2)])).toEqual([2, 4]);
  expect(flushes).toEqual([[1, 2]]);
});

test("nobody is waited for once everyone is there, whose number may change", async () => {
  let everyone = 2;
  const { flushes, call } = counted(() => everyone);
  const first = [call(1), call(2)];
  expect(flushes).toEqual([[1, 2]]);
  everyone = 1;
  const next = call(3);
  expect(flushes).toEqual([[1, 2], [3]]);
  expect(await Promise.all([...first, next])).toEqual([2, 4, 6]);
});

test("one who never comes is waited for a few milliseconds and no more", async () => {
  const { flushes, call } = counted(() => 3);
  const waiting = [call(1), call(2)];
  expect(flushes).toEqual([]);
  expect(await Promise.all(waiting)).toEqual([2, 4]);
});

test("who is not in a hurry waits longer for the others", async () => {
  const { flushes, call } = counted(() => 2, 60_000);
  const first = call(1);
  await new Promise((done) => setTimeout(done, 20));
  expect(flushes).toEqual([]);
  expect(await Promise.all([first, call(2)])).toEqual([2, 4]);
});
