import { useEffect, useState } from "preact/hooks";
import { toSearch } from "./api.ts";

export interface Place {
  /** Of the path, decoded: `["webhooks", "abc"]`. */
  readonly segments: readonly string[];
  readonly query: Readonly<Record<string, string | undefined>>;
}

/** Where the console is, by the address's fragment: works under any prefix, and needs no server to know the views. */
export function usePlace(): Place {
  const [hash, setHash] = useState(location.hash);
  useEffect(function followHash() {
    const follow = () => setHash(location.hash);
    addEventListener("hashchange", follow);
    // It may have changed between the first drawing and now.
    follow();
    return () => removeEventListener("hashchange", follow);
  }, []);
  return parse(hash);
}

export function parse(hash: string): Place {
  const [path = "", search = ""] = hash.replace(/^#\/?/, "").split("?");
  return {
    segments: path.split("/").filter(Boolean).map(decode),
    query: Object.fromEntries(new URLSearchParams(search)),
  };
}

/** The fragment of a view, for a link. */
export const linkTo = (segments: readonly string[], query: Place["query"] = {}) =>
  `#/${segments.map(encodeURIComponent).join("/")}${toSearch(query)}`;

/** Changes the address without a step in the history: for filters. */
export function replacePlace(segments: readonly string[], query: Place["query"]): void {
  history.replaceState(null, "", linkTo(segments, query));
  dispatchEvent(new HashChangeEvent("hashchange"));
}

function decode(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}
