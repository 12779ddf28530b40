/** What was used of AWS, counted in a run. */
export interface Usage {
  api: { requests: number; answerBytes: number };
  functions: Record<string, FunctionUsage>;
  /** By operation. A request is of up to 64 KB; polls that found nothing are apart. */
  sqs: Record<string, Tally>;
  emptyReceives: number;
  /** By operation, in read units and write units. */
  reads: Record<string, Tally>;
  writes: Record<string, Tally>;
  /** Of items that stay, by table and key. */
  stored: Map<string, number>;
  schedules: number;
  /** Lines, and their bytes, by what they tell of. */
  logs: Record<string, Tally>;
}

export interface Tally {
  calls: number;
  units: number;
}

export interface FunctionUsage {
  invocations: number;
  /** In all of its batches; nothing of functions that take none. */
  messages: number;
  billedMs: number;
  cpuMs: number;
  memoryMiB: number;
  isTraced: boolean;
}

export const noUsage = (): Usage => ({
  api: { requests: 0, answerBytes: 0 },
  functions: {},
  sqs: {},
  emptyReceives: 0,
  reads: {},
  writes: {},
  stored: new Map(),
  schedules: 0,
  logs: {},
});

export function tally(tallies: Record<string, Tally>, name: string, units: number, calls = 1): void {
  const before = tallies[name];
  tallies[name] = { calls: (before?.calls ?? 0) + calls, units: (before?.units ?? 0) + units };
}

export const unitsOf = (tallies: Readonly<Record<string, Tally>>): number =>
  Object.values(tallies).reduce((total, { units }) => total + units, 0);
