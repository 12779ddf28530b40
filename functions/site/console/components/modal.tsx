import type { ComponentChildren } from "preact";
import { useEffect, useId, useRef } from "preact/hooks";

interface ModalProps {
  title: string;
  onClose: () => void;
  children: ComponentChildren;
  /** For what must not be lost to a stray Esc. */
  holds?: boolean;
}

/** A native modal dialog: Esc closes it, what is behind it is inert, and focus goes back to where it came from. */
export function Modal({ title, onClose, children, holds = false }: ModalProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  const titleId = useId();
  useEffect(function show() {
    const before = document.activeElement;
    dialog.current?.showModal();
    return function giveBackFocus() {
      // The dialog leaves the document before it could give back focus itself. What was focused may be gone too.
      const target =
        before instanceof HTMLElement && before.isConnected ? before : document.querySelector("main");
      if (target instanceof HTMLElement) target.focus();
    };
  }, []);
  return (
    <dialog
      ref={dialog}
      aria-labelledby={titleId}
      onCancel={(event: Event) => {
        event.preventDefault();
        if (!holds) onClose();
      }}
      onClose={onClose}
    >
      <h2 id={titleId}>{title}</h2>
      {children}
    </dialog>
  );
}
