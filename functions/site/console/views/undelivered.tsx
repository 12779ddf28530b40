import { useState } from "preact/hooks";
import { Empty, Failure, Loading } from "../components/states.tsx";
import { useApi } from "../hooks.ts";
import { useListing } from "../listing.ts";
import { type Place, replacePlace } from "../router.ts";
import type { Delivery } from "../types.ts";
import { RedeliverRange } from "./redeliver-range.tsx";
import { RedeliverSelected } from "./redeliver-selected.tsx";
import { SelectionBar } from "./selection-bar.tsx";
import { type Filters, UndeliveredFilters } from "./undelivered-filters.tsx";
import { UndeliveredRow } from "./undelivered-row.tsx";

const PAGE_SIZE = 50;

/** What was never delivered: why, what it says, and ways to send it again, one, some or all. */
export function UndeliveredView({ query }: { query: Place["query"] }) {
  const api = useApi();
  const { hook_id = "", since = "", until = "" } = query;
  const filters: Filters = { hook_id, since, until };
  const listing = useListing(
    (cursor) => api.undelivered({ ...filters, cursor, limit: PAGE_SIZE }),
    JSON.stringify(filters),
  );
  const [search, setSearch] = useState("");
  const [selected, setSelected] = useState<ReadonlySet<string>>(new Set());
  const [dialog, setDialog] = useState<"selected" | "range">();

  const { items } = listing;
  const shown = items?.filter((row) => matches(row, search));
  const chosen = (shown ?? []).filter(({ id }) => selected.has(id));
  function select(ids: readonly string[], isSelected: boolean) {
    setSelected((before) => (isSelected ? before.union(new Set(ids)) : before.difference(new Set(ids))));
  }
  const drop = (id: string) => listing.update((rows) => rows.filter((row) => row.id !== id));

  return (
    <>
      <div class="head">
        <div>
          <h1>Undelivered</h1>
          <p class="quiet">Every attempt failed, or the webhook was disabled. Nothing here is lost.</p>
        </div>
        {items && items.length > 0 && (
          <button type="button" onClick={() => setDialog("range")}>
            Redeliver all…
          </button>
        )}
      </div>
      <UndeliveredFilters
        filters={filters}
        search={search}
        onFilters={(changed) => replacePlace(["undelivered"], { ...filters, ...changed })}
        onSearch={setSearch}
      />
      <Failure problem={listing.problem} onRetry={listing.reload} />
      {!shown && !listing.problem && <Loading label="Loading undelivered" rows={4} />}
      {shown?.length === 0 && <Nothing isNarrowed={search !== "" || Object.values(filters).some(Boolean)} />}
      {shown && shown.length > 0 && (
        <>
          <SelectionBar
            shown={shown.length}
            chosen={chosen.length}
            onAll={(all) =>
              select(
                shown.map(({ id }) => id),
                all,
              )
            }
            onRedeliver={() => setDialog("selected")}
          />
          <ul class="rows">
            {shown.map((row) => (
              <UndeliveredRow
                key={row.id}
                row={row}
                isSelected={selected.has(row.id)}
                onSelect={(isSelected) => select([row.id], isSelected)}
                onGone={() => drop(row.id)}
              />
            ))}
          </ul>
        </>
      )}
      {listing.hasMore && (
        <button type="button" class="more" disabled={listing.isLoadingMore} onClick={listing.loadMore}>
          {listing.isLoadingMore ? "Loading…" : "Load more"}
        </button>
      )}
      {dialog === "selected" && (
        <RedeliverSelected rows={chosen} onRedelivered={drop} onClose={() => setDialog(undefined)} />
      )}
      {dialog === "range" && (
        <RedeliverRange range={filters} onChanged={listing.reload} onClose={() => setDialog(undefined)} />
      )}
    </>
  );
}

/** Over what is loaded: the API has no search. */
function matches({ event_id, url, reason, hook_id }: Delivery, search: string): boolean {
  const sought = search.trim().toLowerCase();
  return [event_id, url, reason ?? "", hook_id].some((text) => text.toLowerCase().includes(sought));
}

function Nothing({ isNarrowed }: { isNarrowed: boolean }) {
  return isNarrowed ? (
    <Empty title="Nothing found">
      <p>Nothing undelivered matches. Widen the search, the time or the webhook.</p>
    </Empty>
  ) : (
    <Empty title="Nothing undelivered">
      <p>All that was published has been delivered, or is still being tried.</p>
    </Empty>
  );
}
