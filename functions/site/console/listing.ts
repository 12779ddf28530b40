import { useEffect, useRef, useState } from "preact/hooks";
import { type Problem, toProblem } from "./problem.ts";
import type { Page } from "./types.ts";

interface Row {
  readonly id: string;
  readonly created_at: string;
}

interface State<Item> {
  readonly items?: readonly Item[];
  readonly cursor?: string | null;
  readonly problem?: Problem;
  readonly isLoadingMore?: boolean;
}

export interface Listing<Item> {
  /** Undefined while the first page is on its way. */
  readonly items: readonly Item[] | undefined;
  readonly problem: Problem | undefined;
  readonly hasMore: boolean;
  readonly isLoadingMore: boolean;
  loadMore(): void;
  /** From the first page on, anew. */
  reload(): void;
  /** Looks at the first page again, and keeps what was loaded beyond it. */
  refresh(): void;
  /** Changes what is shown, until it is loaded again. */
  update(change: (items: readonly Item[]) => readonly Item[]): void;
}

type Fetch<Item> = (cursor: string | null) => Promise<Page<Item>>;

/** A list that is loaded page by page, newest first; anew whenever `key` changes. */
export function useListing<Item extends Row>(fetchPage: Fetch<Item>, key: string): Listing<Item> {
  const [state, setState] = useState<State<Item>>({});
  // An answer that belongs to an earlier filter, or to before a reload, is dropped.
  const generation = useRef(0);
  /** A slow API is not asked again before it has answered. */
  const isRefreshing = useRef(false);

  async function load(cursor: string | null, take: (before: State<Item>, page: Page<Item>) => State<Item>) {
    const asked = generation.current;
    try {
      const page = await fetchPage(cursor);
      if (asked === generation.current) setState((before) => take(before, page));
    } catch (thrown) {
      if (asked !== generation.current) return;
      setState(({ items, cursor: kept }) => ({
        ...(items && { items }),
        ...(kept !== undefined && { cursor: kept }),
        problem: toProblem(thrown),
      }));
    }
  }
  async function refresh() {
    if (isRefreshing.current) return;
    isRefreshing.current = true;
    await load(null, mergeFirstPage);
    isRefreshing.current = false;
  }
  function reload() {
    generation.current += 1;
    void load(null, (_, page) => ({ items: page.items, cursor: page.next_cursor }));
  }
  useEffect(
    function startAnew() {
      setState({});
      reload();
    },
    [key],
  );

  const { items, cursor = null, problem, isLoadingMore = false } = state;
  return {
    items,
    problem,
    hasMore: cursor !== null,
    isLoadingMore,
    reload,
    refresh: () => void refresh(),
    update: (change) =>
      setState((before) => ({ ...before, ...(before.items && { items: change(before.items) }) })),
    loadMore() {
      setState((before) => ({ ...before, isLoadingMore: true }));
      void load(cursor, appendPage);
    },
  };
}

function appendPage<Item extends Row>({ items = [] }: State<Item>, page: Page<Item>): State<Item> {
  const known = new Set(items.map(({ id }) => id));
  return { items: [...items, ...page.items.filter(({ id }) => !known.has(id))], cursor: page.next_cursor };
}

/** The page speaks for its stretch of time: what it no longer names is gone from the list. */
function mergeFirstPage<Item extends Row>(
  { items = [], cursor = null }: State<Item>,
  page: Page<Item>,
): State<Item> {
  const oldest = page.items.at(-1);
  if (page.next_cursor === null || !oldest) return { items: page.items, cursor: page.next_cursor };
  const known = new Set(page.items.map(({ id }) => id));
  const beyond = items.filter(({ id, created_at }) => !known.has(id) && created_at < oldest.created_at);
  return { items: [...page.items, ...beyond], cursor: beyond.length === 0 ? page.next_cursor : cursor };
}
