import { SelectField } from "../components/field.tsx";
import { Empty, Failure, Loading } from "../components/states.tsx";
import { useApi, usePolling } from "../hooks.ts";
import { useListing } from "../listing.ts";
import { type Delivery, deliveryStatuses } from "../types.ts";
import { DeliveryRow } from "./delivery-row.tsx";

const LIVE_POLL_MS = 2_000;
/** Something new may come although nothing is under way. */
const IDLE_POLL_MS = 5_000;
const MAX_SINGLE_LOOKS = 10;

const isLive = ({ status }: Delivery) => status === "retrying" || status === "pending";

const options = [
  ["", "All"],
  ...deliveryStatuses.map((status) => [status, status[0]?.toUpperCase() + status.slice(1)] as const),
] as const;

interface DeliveryListProps {
  hookId: string;
  status: string;
  onStatus: (status: string) => void;
  title: string;
}

/** Deliveries, newest first; while one of them is under way, what happens to it can be watched. */
export function DeliveryList({ hookId, status, onStatus, title }: DeliveryListProps) {
  const api = useApi();
  const listing = useListing(
    (cursor) => api.deliveries({ hook_id: hookId, status, cursor }),
    `${hookId} ${status}`,
  );
  const { items } = listing;

  async function watch() {
    listing.refresh();
    // What is under way beyond the first page is looked at one by one.
    const beyond = (items ?? []).slice(20).filter(isLive).slice(0, MAX_SINGLE_LOOKS);
    const looks = await Promise.allSettled(beyond.map(({ id }) => api.delivery(id)));
    const fresh = new Map(
      looks.flatMap((look) => (look.status === "fulfilled" ? [[look.value.id, look.value]] : [])),
    );
    if (fresh.size > 0)
      listing.update((shown) => shown.map((delivery) => fresh.get(delivery.id) ?? delivery));
  }
  const live = (items ?? []).filter(isLive).length;
  usePolling(() => void watch(), live > 0 ? LIVE_POLL_MS : IDLE_POLL_MS);

  return (
    <section aria-label={title}>
      <div class="list-head">
        <h2>{title}</h2>
        {live > 0 && <span class="live">Live</span>}
        <SelectField label="Status" value={status} options={options} onChange={onStatus} />
        <button type="button" onClick={listing.refresh}>
          Refresh
        </button>
      </div>
      <Failure problem={listing.problem} onRetry={listing.reload} />
      {!items && !listing.problem && <Loading label="Loading deliveries" rows={4} />}
      {items?.length === 0 && <NoDeliveries isFiltered={status !== ""} />}
      {items && items.length > 0 && (
        <ul class="rows">
          {items.map((delivery) => (
            <DeliveryRow key={delivery.id} delivery={delivery} />
          ))}
        </ul>
      )}
      {listing.hasMore && (
        <button type="button" class="more" disabled={listing.isLoadingMore} onClick={listing.loadMore}>
          {listing.isLoadingMore ? "Loading…" : "Load more"}
        </button>
      )}
    </section>
  );
}

function NoDeliveries({ isFiltered }: { isFiltered: boolean }) {
  return isFiltered ? (
    <Empty title="None with this status">
      <p>Choose another status to see the rest.</p>
    </Empty>
  ) : (
    <Empty title="Nothing sent yet">
      <p>Once an event that a webhook wants is published, its deliveries appear here by themselves.</p>
    </Empty>
  );
}
