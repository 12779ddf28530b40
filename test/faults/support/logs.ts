/** What no log line may hold: secrets, keys, and what an event says about a person. */
const FORBIDDEN = /whsec_|claimr_[A-Za-z0-9_-]{40}|23945872938472|user@example\.com|0x71C7656E/;

/**
 * Takes over what the functions log: thousands of lines that nobody reads, and that are searched instead.
 * @returns how many there were, and those that should not have been
 */
export function watchLogs() {
  const leaks: string[] = [];
  let lines = 0;
  const { stdout } = process;
  const { write } = stdout;
  function search(text: unknown): boolean {
    lines++;
    if (FORBIDDEN.test(String(text))) leaks.push(String(text).slice(0, 500));
    return true;
  }
  stdout.write = search;
  return {
    leaks: leaks as readonly string[],
    lines: () => lines,
    restore() {
      stdout.write = write;
    },
  };
}
