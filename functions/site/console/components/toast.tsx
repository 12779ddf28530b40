import { useEffect, useState } from "preact/hooks";

const SHOWN_MS = 5_000;

const listeners = new Set<(message: string) => void>();

/** Says in passing that something is done. */
export function notify(message: string): void {
  for (const listener of listeners) listener(message);
}

/** Where what is said in passing appears, and is read out. */
export function Toaster() {
  const [message, setMessage] = useState("");
  useEffect(function listen() {
    listeners.add(setMessage);
    return () => listeners.delete(setMessage);
  }, []);
  useEffect(
    function clearLater() {
      const timer = setTimeout(() => setMessage(""), SHOWN_MS);
      return () => clearTimeout(timer);
    },
    [message],
  );
  return (
    <div class="toaster" role="status">
      {message && <p class="toast">{message}</p>}
    </div>
  );
}
