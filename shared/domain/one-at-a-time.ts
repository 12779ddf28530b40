/**
 * Runs work of the same key one after the other, of different keys side by side. Copies of a message that one
 * process holds at the same moment so come one after the other, and the second sees what the first has
 * recorded.
 */
export function oneAtATime() {
  const running = new Map<string, Promise<unknown>>();
  return async function run<Result>(key: string, work: () => Promise<Result>): Promise<Result> {
    const before = running.get(key) ?? Promise.resolve();
    const mine = before.then(work, work);
    running.set(key, mine);
    try {
      return await mine;
    } finally {
      if (running.get(key) === mine) running.delete(key);
    }
  };
}
