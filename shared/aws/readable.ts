import { log } from "../log.ts";
import type { Item } from "./attributes.ts";

export type OnUnreadable = (error: Error) => void;

/**
 * The items that can be read as what they should be. One that cannot does not take the others with it.
 * @param onUnreadable is told of each that cannot be read, beside the log
 */
export function readable<Read>(
  items: readonly Item[],
  read: (item: Item) => Read,
  onUnreadable: OnUnreadable = () => {},
): Read[] {
  return items.flatMap((item) => {
    try {
      return [read(item)];
    } catch (cause) {
      const { account, hook_id, pk, sk } = item;
      const error = new Error(`A stored item cannot be read: ${[account, hook_id, pk, sk].filter(Boolean)}`, {
        cause,
      });
      log.error("item.unreadable", error, { account, hook_id, pk, sk });
      onUnreadable(error);
      return [];
    }
  });
}
