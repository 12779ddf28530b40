import { toAgo, toFull } from "../format.ts";
import { useNow } from "../hooks.ts";

/** How long ago something was; the exact time on hovering. */
export function Ago({ iso }: { iso: string }) {
  const now = useNow();
  return (
    <time datetime={iso} title={toFull(iso)}>
      {toAgo(iso, now)}
    </time>
  );
}
