/** Splits into runs of at most `maxCount` items and, where sizes are given, at most `maxSize` in all. */
export const chunks = <Item>(
  items: Iterable<Item>,
  maxCount: number,
  maxSize = Number.POSITIVE_INFINITY,
  sizeOf: (item: Item) => number = () => 0,
): [Item, ...Item[]][] => [...lazyChunks(items, maxCount, maxSize, sizeOf)];

/** The same, one run at a time: for items that are better not all made at once. */
export function* lazyChunks<Item>(
  items: Iterable<Item>,
  maxCount: number,
  maxSize = Number.POSITIVE_INFINITY,
  sizeOf: (item: Item) => number = () => 0,
): Generator<[Item, ...Item[]], undefined> {
  let current: [Item, ...Item[]] | undefined;
  let size = 0;
  for (const item of items) {
    size += sizeOf(item);
    if (current && current.length < maxCount && size <= maxSize) current.push(item);
    else {
      if (current) yield current;
      current = [item];
      size = sizeOf(item);
    }
  }
  if (current) yield current;
}
