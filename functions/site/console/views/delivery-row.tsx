import { useState } from "preact/hooks";
import { Attempts } from "../components/attempts.tsx";
import { Badge } from "../components/badge.tsx";
import { Endpoint } from "../components/endpoint.tsx";
import { Ago } from "../components/when.tsx";
import { plural, toDuration, toIn } from "../format.ts";
import { useNow } from "../hooks.ts";
import { linkTo } from "../router.ts";
import { scopeLabels } from "../scopes.ts";
import type { Delivery } from "../types.ts";

/** A delivery in one line; opened, with every attempt. */
export function DeliveryRow({ delivery }: { delivery: Delivery }) {
  const [isOpen, setOpen] = useState(false);
  return (
    <li>
      <details class="delivery" onToggle={({ currentTarget }) => setOpen(currentTarget.open)}>
        <summary>
          <Badge status={delivery.status} />
          <span class="what">
            <Endpoint url={delivery.url} />
            <span class="quiet mono">{delivery.event_id}</span>
          </span>
          <span class="state">
            <Summary delivery={delivery} />
          </span>
          <span class="when quiet">
            <Ago iso={delivery.created_at} />
          </span>
        </summary>
        {isOpen && <Inside delivery={delivery} />}
      </details>
    </li>
  );
}

/** Where it stands, in a few words. */
function Summary({ delivery: { status, reason, attempts, next_attempt_at } }: { delivery: Delivery }) {
  const now = useNow();
  const last = attempts.at(-1);
  const count = plural(attempts.length, "attempt");
  if (status === "retrying" && next_attempt_at !== null) {
    return (
      <>
        <b>{last?.error}</b>
        <span class="quiet">
          {count}, next {toIn(next_attempt_at, now)}
        </span>
      </>
    );
  }
  return (
    <>
      <b>{last ? (last.error ?? `answered ${last.status}`) : reason}</b>
      <span class="quiet">{last ? `${count}, ${toDuration(last.duration_ms)}` : "not attempted"}</span>
    </>
  );
}

function Inside({ delivery }: { delivery: Delivery }) {
  const { id, hook_id, scope, reason, attempts, next_attempt_at } = delivery;
  return (
    <div class="inside">
      {reason && <p class="reason">{`${reason[0]?.toUpperCase()}${reason.slice(1)}.`}</p>}
      {(attempts.length > 0 || next_attempt_at !== null) && <Attempts delivery={delivery} />}
      <p class="ids quiet">
        <span>
          Webhook <a href={linkTo(["webhooks", hook_id])}>{hook_id}</a>
        </span>
        <span>{scopeLabels[scope]}</span>
        <span class="mono">{id}</span>
      </p>
    </div>
  );
}
