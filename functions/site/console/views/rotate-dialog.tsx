import { useState } from "preact/hooks";
import { TextField } from "../components/field.tsx";
import { FormActions } from "../components/form-actions.tsx";
import { Modal } from "../components/modal.tsx";
import { Failure } from "../components/states.tsx";
import { useAction, useApi } from "../hooks.ts";
import { SecretOnce } from "./secret-once.tsx";
import { beyondFields } from "./webhook-fields.tsx";

const DEFAULT_OVERLAP_HOURS = 24;
const SECONDS_PER_HOUR = 3_600;

/** Gives a webhook a new secret; for a while the old one signs too, so that a receiver can change over in its time. */
export function RotateDialog({ hookId, onClose }: { hookId: string; onClose: () => void }) {
  const api = useApi();
  const { isBusy, problem, run } = useAction();
  const [secret, setSecret] = useState("");
  const [hours, setHours] = useState(String(DEFAULT_OVERLAP_HOURS));
  const [shownOnce, setShownOnce] = useState<string>();

  async function rotate() {
    const overlap_seconds = Math.round(Number(hours) * SECONDS_PER_HOUR);
    setShownOnce((await api.rotate(hookId, { overlap_seconds, ...(secret && { secret }) })).secret);
  }
  if (shownOnce !== undefined)
    return <SecretOnce title="Secret rotated" secret={shownOnce} onClose={onClose} />;
  return (
    <Modal title="Rotate secret" onClose={onClose}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          void run(rotate);
        }}
      >
        <p class="prose">
          Every request is signed with the new secret at once, and with the old one too until the overlap
          ends.
        </p>
        <TextField
          label="Overlap, in hours"
          hint="How long the old secret keeps signing. 0 stops it now."
          type="number"
          min={0}
          required
          error={problem?.of("overlap_seconds")}
          value={hours}
          onInput={setHours}
        />
        <TextField
          label="New secret (optional)"
          hint="Leave it empty, and a strong one is made."
          mono
          placeholder="whsec_…"
          error={problem?.of("secret")}
          value={secret}
          onInput={setSecret}
        />
        <Failure problem={beyondFields(problem)} />
        <FormActions submit="Rotate secret" isBusy={isBusy} onClose={onClose} />
      </form>
    </Modal>
  );
}
