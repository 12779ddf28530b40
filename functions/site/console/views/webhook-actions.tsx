import { useState } from "preact/hooks";
import { Confirm } from "../components/confirm.tsx";
import { notify } from "../components/toast.tsx";
import { useApi } from "../hooks.ts";
import { linkTo } from "../router.ts";
import type { Webhook } from "../types.ts";
import { EditDialog } from "./edit-dialog.tsx";
import { RotateDialog } from "./rotate-dialog.tsx";

type Dialog = "edit" | "rotate" | "status" | "delete";

interface WebhookActionsProps {
  webhook: Webhook;
  onChanged: (webhook: Webhook) => void;
}

export function WebhookActions({ webhook, onChanged }: WebhookActionsProps) {
  const api = useApi();
  const [dialog, setDialog] = useState<Dialog>();
  const close = () => setDialog(undefined);
  const { hook_id, status } = webhook;

  async function setStatus(next: Webhook["status"]) {
    onChanged(await api.change(hook_id, { status: next }));
    notify(next === "active" ? "Webhook enabled" : "Webhook disabled");
    close();
  }
  async function remove() {
    await api.remove(hook_id);
    notify(`Webhook ${hook_id} deleted`);
    location.hash = linkTo(["webhooks"]);
  }
  return (
    <div class="buttons">
      <button type="button" onClick={() => setDialog("edit")}>
        Edit
      </button>
      <button type="button" onClick={() => setDialog("rotate")}>
        Rotate secret
      </button>
      <button type="button" onClick={() => setDialog("status")}>
        {status === "active" ? "Disable" : "Enable"}
      </button>
      <button type="button" class="danger-quiet" onClick={() => setDialog("delete")}>
        Delete
      </button>
      {dialog === "edit" && <EditDialog webhook={webhook} onChanged={onChanged} onClose={close} />}
      {dialog === "rotate" && <RotateDialog hookId={hook_id} onClose={close} />}
      {dialog === "status" && status === "active" && (
        <Confirm
          title="Disable webhook?"
          action="Disable"
          onConfirm={() => setStatus("disabled")}
          onClose={close}
        >
          <p>
            Nothing is sent while it is disabled. Its events are kept as undelivered, and can be sent later.
          </p>
        </Confirm>
      )}
      {dialog === "status" && status === "disabled" && (
        <Confirm
          title="Enable webhook?"
          action="Enable"
          onConfirm={() => setStatus("active")}
          onClose={close}
        >
          <p>New events are sent to all of its endpoints again.</p>
        </Confirm>
      )}
      {dialog === "delete" && (
        <Confirm title="Delete webhook?" action="Delete webhook" onConfirm={remove} onClose={close}>
          <p>
            <b class="mono">{hook_id}</b> is then gone for good, and its waiting retries are cancelled. To
            stop it for a while, disable it.
          </p>
        </Confirm>
      )}
    </div>
  );
}
