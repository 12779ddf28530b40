/**
 * A map that holds so much and no more: what was used longest ago makes room.
 * @param maxSize of all values together
 * @param sizeOf a value; unless it is given each counts as one
 */
export function createRecent<Value>(maxSize: number, sizeOf: (value: Value) => number = () => 1) {
  /** The one used longest ago first. */
  const entries = new Map<string, { readonly value: Value; readonly size: number }>();
  let total = 0;

  function remove(key: string): void {
    total -= entries.get(key)?.size ?? 0;
    entries.delete(key);
  }

  return {
    get(key: string): Value | undefined {
      const entry = entries.get(key);
      if (!entry) return undefined;
      entries.delete(key);
      entries.set(key, entry);
      return entry.value;
    },

    set(key: string, value: Value): void {
      remove(key);
      const size = sizeOf(value);
      entries.set(key, { value, size });
      total += size;
      for (const oldest of entries.keys()) {
        if (total <= maxSize) return;
        remove(oldest);
      }
    },
  };
}
