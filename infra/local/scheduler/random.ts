export type Random = () => number;

const UINT32 = 0x1_0000_0000;

/** Numbers from 0 up to 1 that the seed alone decides (mulberry32). Without a seed, unpredictable ones. */
export function randomFrom(seed: number | undefined): Random {
  if (seed === undefined) return Math.random;
  let state = seed | 0;
  return function mulberry32() {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / UINT32;
  };
}
