import type { ComponentChildren } from "preact";
import { useId, useLayoutEffect, useRef } from "preact/hooks";

interface ModalProps {
  title: string;
  onClose: () => void;
  children: ComponentChildren;
  /** For what must not be lost to a stray Esc. */
  holds?: boolean;
}

/** A native modal dialog: Esc closes it, what is behind it is inert, and focus goes back to where it came from. */
export function Modal({ title, onClose, children, holds = false }: ModalProps) {
  const element = useRef<HTMLDialogElement>(null);
  const isLeaving = useRef(false);
  const titleId = useId();
  useLayoutEffect(function show() {
    const dialog = element.current;
    const opener = document.activeElement;
    dialog?.showModal();
    return function leave() {
      isLeaving.current = true;
      // While it is open all else is inert, and would take no focus. Closing gives it back.
      dialog?.close();
      if (!opener?.isConnected) document.querySelector("main")?.focus();
    };
  }, []);
  return (
    <dialog
      ref={element}
      aria-labelledby={titleId}
      onCancel={(event: Event) => {
        event.preventDefault();
        if (!holds) onClose();
      }}
      onClose={() => {
        // A browser may close it without asking, when Esc is pressed again and again.
        if (!isLeaving.current) onClose();
      }}
    >
      <h2 id={titleId}>{title}</h2>
      {children}
    </dialog>
  );
}
