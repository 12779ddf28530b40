import { useState } from "preact/hooks";
import { TextField } from "../components/field.tsx";
import { FormActions } from "../components/form-actions.tsx";
import { Modal } from "../components/modal.tsx";
import { Failure } from "../components/states.tsx";
import { newHookId } from "../hook-id.ts";
import { useAction, useApi } from "../hooks.ts";
import { SecretOnce } from "./secret-once.tsx";
import { beyondFields, type WebhookDraft, WebhookFields } from "./webhook-fields.tsx";

interface AssignDialogProps {
  onAssigned: () => void;
  onClose: () => void;
}

/** Makes a webhook, then shows its secret, once. */
export function AssignDialog({ onAssigned, onClose }: AssignDialogProps) {
  const api = useApi();
  const { isBusy, problem, run } = useAction();
  const [hookId, setHookId] = useState(newHookId);
  const [secret, setSecret] = useState("");
  const [draft, setDraft] = useState<WebhookDraft>({ scope: "user_activity", url: [""], campaigns: [] });
  const [shownOnce, setShownOnce] = useState<string>();

  async function assign() {
    const made = await api.assign({ hook_id: hookId, ...draft, ...(secret && { secret }) });
    setShownOnce(made.secret);
    onAssigned();
  }
  if (shownOnce !== undefined) {
    return <SecretOnce title="Webhook assigned" secret={shownOnce} onClose={onClose} />;
  }
  return (
    <Modal title="Assign webhook" onClose={onClose}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          void run(assign);
        }}
      >
        <TextField
          label="ID"
          hint="Yours to change now, not later. Letters, digits, _ and -."
          mono
          required
          error={problem?.of("hook_id")}
          value={hookId}
          onInput={setHookId}
        />
        <WebhookFields draft={draft} problem={problem} onChange={setDraft} />
        <TextField
          label="Secret (optional)"
          hint="Signs every request. Leave it empty, and a strong one is made."
          mono
          placeholder="whsec_…"
          error={problem?.of("secret")}
          value={secret}
          onInput={setSecret}
        />
        <Failure problem={beyondFields(problem)} />
        <FormActions submit="Assign webhook" isBusy={isBusy} onClose={onClose} />
      </form>
    </Modal>
  );
}
