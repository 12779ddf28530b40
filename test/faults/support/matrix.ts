import { canHappenTo, type Fault, kinds } from "./faults.ts";
import { checkScene } from "./invariants.ts";
import type { Stage } from "./stage.ts";
import { type StoryName, stories, storyNames } from "./stories.ts";
import { startWorld, type World } from "./world.ts";

export interface Case extends Fault {
  readonly story: StoryName;
}

/** A function's calls of one operation, as a story without faults makes them. */
export interface Recorded {
  readonly story: StoryName;
  readonly fn: string;
  readonly operation: string;
  readonly count: number;
}

/** Plays stories, side by side, each in a world that no other uses meanwhile. */
export function createTheatre(stage: Stage) {
  const free: World[] = [];

  return {
    /** Plays a story, checks what it leaves, and tells how the fault went. */
    async play(story: StoryName, fault?: Fault, isForgetful = false) {
      const world = free.pop() ?? (await startWorld(stage));
      try {
        const scene = await world.begin(isForgetful);
        const expected = await stories[story].run(scene, () => scene.watch.arm(fault));
        await scene.quiet();
        const calls = scene.watch.counts();
        const unrecorded = await checkScene(scene, expected);
        free.push(world);
        return { wasHit: scene.watch.wasHit(), unrecorded, calls };
      } catch (error) {
        // Whatever is left in it must not disturb the next.
        await world.stop();
        throw error;
      }
    },
    stop: () => Promise.all(free.map((world) => world.stop())),
  };
}
export type Theatre = ReturnType<typeof createTheatre>;

export async function record(theatre: Theatre): Promise<Recorded[]> {
  const played = await Promise.all(
    storyNames.map(async (story) => (await theatre.play(story)).calls.map((call) => ({ story, ...call }))),
  );
  return played.flat().map(({ story, key, count }) => {
    const [fn = "", operation = ""] = key.split(" ");
    return { story, fn, operation, count };
  });
}

/** Every fault at the first, second and last call of each operation of each function that the story is about. */
export function casesOf(recorded: readonly Recorded[]): Case[] {
  return recorded
    .filter(({ story, fn }) => stories[story].functions.some((name) => name === fn))
    .flatMap(({ story, fn, operation, count }) =>
      [...new Set([1, Math.min(2, count), count])].flatMap((nth) =>
        kinds
          .filter((kind) => canHappenTo(kind, fn, operation, nth))
          .map((kind) => ({ story, fn, operation, nth, kind })),
      ),
    );
}

const SIDE_BY_SIDE = 32;

export interface Result {
  readonly wasHit: boolean;
  /** POSTs that left without a record of theirs, and so came twice. */
  readonly unrecorded: number;
  readonly error?: unknown;
}

/** A call that must come soon or not at all, as those of limits, may be left out while the machine is busy. */
const MORE_TRIES = 3;

/** Plays a case. Where a run makes fewer calls than the recorded one did, its last one is the one that fails. */
async function playCase(theatre: Theatre, { story, ...fault }: Case): Promise<Result> {
  for (let nth = fault.nth; nth > -MORE_TRIES; nth--) {
    const result = await theatre
      .play(story, { ...fault, nth: Math.max(nth, 1) })
      .catch((error: unknown) => ({ ...FAILED, error }));
    if (result.wasHit) return result;
  }
  return { wasHit: false, unrecorded: 0 };
}
const FAILED = { wasHit: true, unrecorded: 0 };

/** Plays all cases, some at a time. */
export async function playAll(theatre: Theatre, cases: readonly Case[]): Promise<Map<Case, Result>> {
  const results = new Map<Case, Result>();
  const left = [...cases];
  async function playSome() {
    for (let next = left.shift(); next; next = left.shift()) results.set(next, await playCase(theatre, next));
  }
  await Promise.all(Array.from({ length: SIDE_BY_SIDE }, playSome));
  return results;
}

/** How many POSTs came twice, by the kind of fault and the call it happened to. */
export function duplicatesOf(results: ReadonlyMap<Case, Result>): Record<string, number> {
  const counted = new Map<string, number>();
  for (const [{ kind, operation }, { unrecorded }] of results) {
    const key = `${operation} ${kind}`;
    if (unrecorded > 0) counted.set(key, (counted.get(key) ?? 0) + unrecorded);
  }
  return Object.fromEntries(counted);
}

export const nameOf = ({ story, fn, operation, nth, kind }: Case) =>
  `${fn} ${operation} ${nth} ${kind} (${story})`;
