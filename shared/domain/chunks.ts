/** Splits into runs of at most `maxCount` items and, where sizes are given, at most `maxSize` in all. */
export function chunks<Item>(
  items: readonly Item[],
  maxCount: number,
  maxSize = Number.POSITIVE_INFINITY,
  sizeOf: (item: Item) => number = () => 0,
): [Item, ...Item[]][] {
  const result: [Item, ...Item[]][] = [];
  let size = 0;
  for (const item of items) {
    const current = result.at(-1);
    size += sizeOf(item);
    if (current && current.length < maxCount && size <= maxSize) current.push(item);
    else {
      result.push([item]);
      size = sizeOf(item);
    }
  }
  return result;
}
