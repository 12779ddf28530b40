import type { ComponentChildren } from "preact";
import { useAction } from "../hooks.ts";
import { Modal } from "./modal.tsx";
import { Failure } from "./states.tsx";

interface ConfirmProps {
  title: string;
  /** What the button says: the verb, not "OK". */
  action: string;
  children: ComponentChildren;
  onConfirm: () => Promise<unknown>;
  onClose: () => void;
}

/** Asks before something that cannot be undone. */
export function Confirm({ title, action, children, onConfirm, onClose }: ConfirmProps) {
  const { isBusy, problem, run } = useAction();
  return (
    <Modal title={title} onClose={onClose}>
      <div class="prose">{children}</div>
      <Failure problem={problem} />
      <div class="actions">
        <button type="button" onClick={onClose}>
          Cancel
        </button>
        <button type="button" class="danger" disabled={isBusy} onClick={() => void run(onConfirm)}>
          {action}
        </button>
      </div>
    </Modal>
  );
}
