import { WebhookSelect } from "../components/webhook-select.tsx";
import { type Place, replacePlace } from "../router.ts";
import { DeliveryList } from "./delivery-list.tsx";

/** The deliveries of all webhooks, or of one. Its filters are in the address, so that a view can be shared. */
export function DeliveriesView({ query }: { query: Place["query"] }) {
  const { hook_id = "", status = "" } = query;
  const filter = (changed: Place["query"]) => replacePlace(["deliveries"], { ...query, ...changed });
  return (
    <>
      <div class="head">
        <div>
          <h1>Deliveries</h1>
          <p class="quiet">Each event on its way to each endpoint, and every attempt.</p>
        </div>
        <WebhookSelect value={hook_id} none="All webhooks" onChange={(id) => filter({ hook_id: id })} />
      </div>
      <DeliveryList
        hookId={hook_id}
        status={status}
        onStatus={(chosen) => filter({ status: chosen })}
        title="Newest first"
      />
    </>
  );
}
