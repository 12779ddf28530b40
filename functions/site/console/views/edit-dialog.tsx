import { useState } from "preact/hooks";
import { FormActions } from "../components/form-actions.tsx";
import { Modal } from "../components/modal.tsx";
import { Failure } from "../components/states.tsx";
import { notify } from "../components/toast.tsx";
import { useAction, useApi } from "../hooks.ts";
import type { Webhook } from "../types.ts";
import { beyondFields, type WebhookDraft, WebhookFields } from "./webhook-fields.tsx";

interface EditDialogProps {
  webhook: Webhook;
  onChanged: (webhook: Webhook) => void;
  onClose: () => void;
}

/** Changes a webhook's endpoints, scope and campaigns. Only what differs is sent. */
export function EditDialog({ webhook, onChanged, onClose }: EditDialogProps) {
  const api = useApi();
  const { isBusy, problem, run } = useAction();
  const before: WebhookDraft = { scope: webhook.scope, url: webhook.urls, campaigns: webhook.campaigns };
  const [draft, setDraft] = useState(before);

  async function save() {
    const change = {
      ...(draft.scope !== before.scope && { scope: draft.scope }),
      // Naming the URLs also brings back endpoints that were disabled.
      ...(!isSame(draft.url, before.url) && { url: draft.url }),
      ...(!isSame(draft.campaigns, before.campaigns) && { campaigns: draft.campaigns }),
    };
    if (Object.keys(change).length > 0) {
      onChanged(await api.change(webhook.hook_id, change));
      notify("Changes saved");
    }
    onClose();
  }
  return (
    <Modal title="Edit webhook" onClose={onClose}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          void run(save);
        }}
      >
        <WebhookFields draft={draft} problem={problem} onChange={setDraft} />
        <Failure problem={beyondFields(problem)} />
        <FormActions submit="Save changes" isBusy={isBusy} onClose={onClose} />
      </form>
    </Modal>
  );
}

const isSame = (one: readonly string[], other: readonly string[]) =>
  JSON.stringify(one) === JSON.stringify(other);
