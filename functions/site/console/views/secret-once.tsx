import { CopyField } from "../components/copy-field.tsx";
import { Icon } from "../components/icons.tsx";
import { Modal } from "../components/modal.tsx";

interface SecretOnceProps {
  title: string;
  secret: string;
  onClose: () => void;
}

/** The one time that a secret is on the screen. Esc does not close it: what is lost here is lost. */
export function SecretOnce({ title, secret, onClose }: SecretOnceProps) {
  return (
    <Modal title={title} onClose={onClose} holds>
      <div class="notice waiting">
        <Icon name="alert" />
        <p>
          <b>Copy the secret now: it is not shown again.</b> Your server verifies every request with it.
          Should it get lost, rotate it.
        </p>
      </div>
      <CopyField label="Signing secret" value={secret} />
      <div class="actions">
        <button type="button" onClick={onClose}>
          I have kept it
        </button>
      </div>
    </Modal>
  );
}
