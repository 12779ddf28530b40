import { useState } from "preact/hooks";
import { Confirm } from "../components/confirm.tsx";
import { Endpoint } from "../components/endpoint.tsx";
import { notify } from "../components/toast.tsx";
import { Ago } from "../components/when.tsx";
import { useAction, useApi } from "../hooks.ts";
import type { Delivery } from "../types.ts";
import { LookInside } from "./look-inside.tsx";

interface UndeliveredRowProps {
  row: Delivery;
  isSelected: boolean;
  onSelect: (isSelected: boolean) => void;
  /** It was redelivered or deleted. */
  onGone: () => void;
}

export function UndeliveredRow({ row, isSelected, onSelect, onGone }: UndeliveredRowProps) {
  const api = useApi();
  const { isBusy, problem, run } = useAction();
  const [dialog, setDialog] = useState<"inside" | "delete">();
  const close = () => setDialog(undefined);

  async function redeliver() {
    await api.redeliver(row.id);
    notify("On its way again: watch it in Deliveries");
    onGone();
  }
  async function discard() {
    await api.discard(row.id);
    notify("Deleted");
    onGone();
  }
  return (
    <li class="undelivered-row">
      <input
        type="checkbox"
        aria-label={`Select event ${row.event_id}`}
        checked={isSelected}
        onChange={({ currentTarget }) => onSelect(currentTarget.checked)}
      />
      <div class="what">
        <Endpoint url={row.url} />
        <span class="quiet mono">{row.event_id}</span>
      </div>
      <div class="state">
        <b>{row.attempts.at(-1)?.error ?? row.reason}</b>
        <span class="quiet">
          {row.attempts.length > 0 && `${row.reason}, `}
          <Ago iso={row.updated_at} />
        </span>
        {problem && <span class="error">{problem.message}</span>}
      </div>
      <div class="buttons">
        <button type="button" onClick={() => setDialog("inside")}>
          Look inside
        </button>
        <button type="button" disabled={isBusy} onClick={() => void run(redeliver)}>
          Redeliver
        </button>
        <button type="button" class="danger-quiet" onClick={() => setDialog("delete")}>
          Delete
        </button>
      </div>
      {dialog === "inside" && <LookInside row={row} onClose={close} />}
      {dialog === "delete" && (
        <Confirm title="Delete undelivered event?" action="Delete" onConfirm={discard} onClose={close}>
          <p>
            <span class="mono">{row.event_id}</span> can then no longer be sent to <Endpoint url={row.url} />.
          </p>
        </Confirm>
      )}
    </li>
  );
}
