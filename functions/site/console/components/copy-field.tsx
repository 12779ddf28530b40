import { useId, useRef, useState } from "preact/hooks";
import { Icon } from "./icons.tsx";

/** A value to take along. */
export function CopyField({ label, value }: { label: string; value: string }) {
  const id = useId();
  const input = useRef<HTMLInputElement>(null);
  const [isCopied, setCopied] = useState(false);
  async function copy() {
    input.current?.select();
    try {
      await navigator.clipboard.writeText(value);
      setCopied(true);
    } catch {
      // Without leave for the clipboard, or over plain HTTP: it is selected, and the keyboard's copy works.
      setCopied(false);
    }
  }
  return (
    <div class="field">
      <label for={id}>{label}</label>
      <div class="copy">
        <input ref={input} id={id} class="mono" readOnly value={value} />
        <button type="button" class="primary" onClick={copy}>
          <Icon name={isCopied ? "check" : "copy"} />
          {isCopied ? "Copied" : "Copy"}
        </button>
      </div>
      <p class="visually-hidden" role="status">
        {isCopied ? `${label} copied` : ""}
      </p>
    </div>
  );
}
